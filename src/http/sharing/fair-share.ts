/** One of a limited number of places, held by a client. */
export interface Place {
  /** A client loses a busy place only if all its places are busy. */
  isBusy: boolean;
  /** Moves it behind the other places of its client, which then go first. */
  renew(): void;
  /** Gives the place back. Calling it twice, or after the place was taken away, does nothing. */
  giveBack(): void;
}

export interface FairShare {
  /** A free place, or one of a client that holds at least two more than this one; undefined = there is none. */
  take(client: string, onLoss: () => void): Place | undefined;
  /** Always a place: if none is free, the client with the most loses one. */
  seize(client: string, onLoss: () => void): Place;
}

interface Held extends Place {
  onLoss(): void;
}

/**
 * Shares places among clients, so that one client cannot keep the others out. A client loses the place that it has held
 * longest, quiet ones before busy ones. `onLoss` runs after the place is gone.
 */
export function createFairShare(limit: number): FairShare {
  const clients = new Map<string, Set<Held>>();
  let taken = 0;

  return { take, seize };

  function take(client: string, onLoss: () => void): Place | undefined {
    const held = clients.get(client)?.size ?? 0;
    if (taken >= limit && greediest().size <= held + 1) return undefined;
    return seize(client, onLoss);
  }

  function seize(client: string, onLoss: () => void): Place {
    if (taken >= limit) takeAway(greediest());
    const places = clients.get(client) ?? new Set();
    clients.set(client, places);
    const place: Held = { isBusy: false, onLoss, renew, giveBack };
    places.add(place);
    taken++;
    return place;

    function renew(): void {
      if (places.delete(place)) places.add(place);
    }

    function giveBack(): void {
      if (!places.delete(place)) return;
      taken--;
      if (places.size === 0) clients.delete(client);
    }
  }

  /** Among several, prefers one with a quiet place. */
  function greediest(): ReadonlySet<Held> {
    return [...clients.values()].reduce((most, places) => {
      if (places.size !== most.size) return places.size > most.size ? places : most;
      return quietest(most).isBusy ? places : most;
    });
  }
}

function takeAway(places: ReadonlySet<Held>): void {
  const victim = quietest(places);
  victim.giveBack();
  victim.onLoss();
}

/** The place held longest, among quiet ones if there are any. */
function quietest(places: ReadonlySet<Held>): Held {
  for (const place of places) if (!place.isBusy) return place;
  const [oldest] = places;
  return oldest!;
}
