import type { LoggedEvent } from './event-xml.ts';

/** Number of events since the counter was made, by event id. Never falls. */
export type EventCounts = Readonly<Record<number, number>>;

/**
 * Counts events in answers that overlap in time: each event once, and none of the first answer, because they are older.
 * Answers must come in order, and each must reach back to the previous one.
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
