import type { LoggedEvent } from './event-xml.ts';

/** Number of events since the counter was made, by event id. Never falls. */
export type EventCounts = Readonly<Record<number, number>>;

/**
 * Counts events from answers that overlap in time: each is counted once, those of the first answer not at all, for they
 * were logged before. Answers must come in order, and each must reach back to the one before it.
 */
export function createEventCounter(ids: readonly number[]): (events: readonly LoggedEvent[]) => EventCounts {
  const counts: Record<number, number> = Object.fromEntries(ids.map((id) => [id, 0]));
  let known: ReadonlySet<string> | undefined;

  return (events) => {
    const seen = new Set(events.map(({ record, time }) => `${record} ${time}`));
    for (const { id, record, time } of events) {
      if (known !== undefined && id in counts && !known.has(`${record} ${time}`)) counts[id]!++;
    }
    known = seen;
    return { ...counts };
  };
}
