import { type LoggedEvent, parseEvents } from './event-xml.ts';
import type { RunCommand } from './run-command.ts';

/** TCP events about port exhaustion, in the System log. */
export const EXHAUSTION_EVENT_IDS = [4227, 4231] as const;

/** Most events in one answer: at about 600 bytes each, well below the limit of a command's output. */
const MOST_EVENTS = 2000;

/**
 * Runs wevtutil.exe (full path) to get the port exhaustion events of the last `milliseconds`. On a healthy host there
 * are none, and wevtutil prints nothing; whether it works at all shows in its answer about the log itself.
 */
export async function readExhaustionEvents(
  run: RunCommand,
  wevtutil: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<LoggedEvent[]> {
  const ids = EXHAUSTION_EVENT_IDS.map((id) => `EventID=${id}`).join(' or ');
  const query = `*[System[Provider[@Name='Tcpip'] and (${ids}) and TimeCreated[timediff(@SystemTime) <= ${milliseconds}]]]`;
  const answer = await run(
    wevtutil,
    ['qe', 'System', `/q:${query}`, '/rd:true', `/c:${MOST_EVENTS}`, '/f:xml'],
    signal,
  );
  const events = parseEvents(answer);
  if (events.length === 0) await checkLog(run, wevtutil, signal);
  return events;
}

async function checkLog(run: RunCommand, wevtutil: string, signal: AbortSignal): Promise<void> {
  const answer = await run(wevtutil, ['gli', 'System'], signal);
  if (!/\d/.test(answer)) throw new Error('wevtutil prints nothing about the System log');
}
