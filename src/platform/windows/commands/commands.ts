import type { CollectorName } from '../../../model/collectors.ts';
import type { EphemeralRange } from '../../../model/port-range.ts';
import { createEventCounter, type EventCounts } from './event-counter.ts';
import { readEphemeralRange } from './netsh.ts';
import { keepRefreshed, type Refreshed } from './refreshed.ts';
import type { RunCommand } from './run-command.ts';
import { EXHAUSTION_EVENT_IDS, readExhaustionEvents } from './wevtutil.ts';

/** Facts that no Windows call provides, so that a command must: at start and in intervals, never during a scrape. */
export interface AskedByCommand {
  /** Absent if their collector is off. */
  readonly ranges?: Readonly<Record<'ipv4' | 'ipv6', Refreshed<EphemeralRange>>>;
  readonly exhaustionEvents?: Refreshed<EventCounts>;
  /** Settles when every command has run once. */
  readonly isFirstDone: Promise<unknown>;
  stop(): void;
}

export interface CommandOptions {
  readonly run: RunCommand;
  /** Full path of a file in the system folder. */
  readonly pathOf: (file: string) => string;
  readonly collectors: ReadonlySet<CollectorName>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const EVERY_MS = 3 * 60_000;
/** A host without free ports may fail to start a command: the last answer stays in use for this long. */
const VALID_MS = 60 * 60_000;
/** How far an answer about events overlaps the previous one: events appear in the log with a delay. */
const EVENT_OVERLAP_MS = 60_000;

export function startCommands({ run, pathOf, collectors, now }: CommandOptions): AskedByCommand {
  const times = { everyMs: EVERY_MS, validMs: VALID_MS, now };
  const range = (family: 'ipv4' | 'ipv6') =>
    keepRefreshed((signal) => readEphemeralRange(run, pathOf('netsh.exe'), family, signal), times);
  const ranges = collectors.has('ephemeral_ports') ? { ipv4: range('ipv4'), ipv6: range('ipv6') } : undefined;
  const exhaustionEvents = collectors.has('port_exhaustion_events')
    ? keepRefreshed(eventLoader(run, pathOf('wevtutil.exe'), now), times)
    : undefined;
  const all = [ranges?.ipv4, ranges?.ipv6, exhaustionEvents].filter((refreshed) => refreshed !== undefined);
  return {
    ...(ranges && { ranges }),
    ...(exhaustionEvents && { exhaustionEvents }),
    isFirstDone: Promise.all(all.map(({ isFirstDone }) => isFirstDone)),
    stop() {
      for (const refreshed of all) refreshed.stop();
    },
  };
}

/** Requests the events since shortly before the last answer. */
function eventLoader(run: RunCommand, wevtutil: string, now: () => number) {
  const count = createEventCounter(EXHAUSTION_EVENT_IDS);
  let askedAtMs = now();
  return async (signal: AbortSignal): Promise<EventCounts> => {
    const nowMs = now();
    const reachMs = Math.ceil(nowMs - askedAtMs) + EVENT_OVERLAP_MS;
    const events = await readExhaustionEvents(run, wevtutil, reachMs, signal);
    askedAtMs = nowMs;
    return count(events);
  };
}
