/** First and last port, both included. */
export interface PortInterval {
  readonly first: number;
  readonly last: number;
}

/** The ports that an OS hands out, and the exceptions. */
export interface EphemeralRange extends PortInterval {
  /** Reserved (Linux) or excluded (Windows) intervals; they may lie outside the range and overlap. */
  readonly excluded: readonly PortInterval[];
}

/** One flag per port number: 1 if the OS may hand the port out. Shape: 65,536 bytes. */
export function ephemeralPortFlags(range: EphemeralRange): Uint8Array {
  const flags = new Uint8Array(65_536);
  flags.fill(1, range.first, range.last + 1);
  for (const { first, last } of range.excluded) flags.fill(0, first, last + 1);
  return flags;
}

/** How many ports the OS may hand out: the range without the exceptions. */
export function countEphemeralPorts(range: EphemeralRange): number {
  const flags = ephemeralPortFlags(range);
  let ports = 0;
  for (let port = range.first; port <= range.last; port++) ports += flags[port]!;
  return ports;
}

/**
 * A list of ports and intervals as Linux writes it (`8080,9148-9150`) → intervals. An empty text is an empty list.
 * Throws with the offending item if the text is anything else.
 */
export function parsePortList(text: string): PortInterval[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  return trimmed.split(',').map((item) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(item.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first > last || last > 65_535)
      throw new Error(`not a port or an interval of ports: "${item.slice(0, 40)}"`);
    return { first, last };
  });
}
