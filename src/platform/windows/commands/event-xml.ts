/**
 * One event of a log. Record numbers are unique within the log; the time distinguishes them if the log is created
 * again.
 */
export interface LoggedEvent {
  readonly id: number;
  readonly record: string;
  readonly time: string;
}

/**
 * These events have about 600 characters. The limit keeps the search through one without an end from taking quadratic
 * time.
 */
const LONGEST_EVENT = 65_536;

/** The events that `wevtutil qe … /f:xml` prints one after the other. Throws for text that is not events. */
export function parseEvents(text: string): LoggedEvent[] {
  const events = text.split('</Event>').slice(0, -1);
  const starts = text.match(/<Event[\s>]/g)?.length ?? 0;
  if (starts !== events.length || (starts === 0 && text.trim() !== '')) {
    throw new Error(`wevtutil printed something other than events: ${text.trim().slice(0, 200)}`);
  }
  return events.map(parseEvent);
}

function parseEvent(xml: string): LoggedEvent {
  if (xml.length > LONGEST_EVENT) throw new Error(`event of ${xml.length} characters`);
  const id = /<EventID(?:\s[^>]*)?>(\d{1,5})<\/EventID>/.exec(xml)?.[1];
  const record = /<EventRecordID>(\d+)<\/EventRecordID>/.exec(xml)?.[1];
  const time = /<TimeCreated\s+SystemTime=(?:'([^']*)'|"([^"]*)")/.exec(xml);
  if (id === undefined || record === undefined || time === null) {
    throw new Error(`event without id, record number or time: ${xml.slice(0, 200)}`);
  }
  return { id: Number(id), record, time: time[1] ?? time[2]! };
}
