import { type LoggedEvent, parseEvents } from './event-xml.ts';
import type { RunCommand } from './run-command.ts';

/** Events of TCP that tell of port exhaustion, in the System log. */
export const EXHAUSTION_EVENT_IDS = [4227, 4231] as const;

/** Most events of one answer: at about 600 bytes each, well within what a command may print. */
const MOST_EVENTS = 2000;

/**
 * Asks wevtutil.exe (full path) for the events of port exhaustion in the last `milliseconds`. A healthy host has none,
 * and then wevtutil prints nothing: whether it works at all is told by what it says about the log itself.
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
  if (!/\d/.test(answer)) throw new Error('wevtutil tells nothing about the System log');
}
