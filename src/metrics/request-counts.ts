/**
 * Counted statuses, on the page from the start: a rate over a series that appears with its first event misses that
 * event.
 */
export const COUNTED_STATUSES = [200, 400, 401, 408, 429, 431, 500, 503] as const;

/** Outcomes of the requests for metrics, and of requests refused before their path was known. */
export interface RequestCounts {
  /**
   * A request for metrics arrived. Call the returned function once, with the status of its answer; undefined = none was
   * sent.
   */
  began(): (status: number | undefined) => void;
  /** A connection whose request could not be parsed got an answer. */
  refused(status: number): void;
  answers(): ReadonlyMap<number, number>;
  inFlight(): number;
}

export function createRequestCounts(): RequestCounts {
  const byStatus = new Map<number, number>(COUNTED_STATUSES.map((status) => [status, 0]));
  let underWay = 0;
  return { began, refused: count, answers: () => byStatus, inFlight: () => underWay };

  function began() {
    underWay++;
    return (status: number | undefined) => {
      underWay--;
      if (status !== undefined) count(status);
    };
  }

  /** Other statuses have no series: a stranger cannot add any. */
  function count(status: number): void {
    const before = byStatus.get(status);
    if (before !== undefined) byStatus.set(status, before + 1);
  }
}
