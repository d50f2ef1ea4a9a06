import type { Logger } from './log.ts';
import type { CollectorOutcome } from './model/snapshot.ts';
import type { Notice } from './platform/platform.ts';

/** Logs what changes about collecting: a collector that starts failing or recovers, another source, a thread lost. */
export function createChangeLog(log: Logger) {
  const failing = new Map<string, string>();
  const sources = new Map<string, string>();
  let lastNotices = '';

  return { ready, lost, outcomes };

  /** The thread is up. What it has to say is logged once, not at every restart. */
  function ready(notices: readonly Notice[]): void {
    const text = JSON.stringify(notices);
    if (text !== lastNotices) for (const { level, message } of notices) log[level]({}, message);
    else log.info({}, 'the collector thread is up again');
    lastNotices = text;
  }

  function lost(reason: string): void {
    log.error({ reason }, 'the collector thread was lost and is started again');
  }

  function outcomes(all: readonly CollectorOutcome[]): void {
    for (const { collector, error, source } of all) {
      if (error !== undefined && !failing.has(collector)) log.error({ collector, error }, 'collector fails');
      if (error === undefined && failing.has(collector)) log.info({ collector }, 'collector works again');
      if (error === undefined) failing.delete(collector);
      else failing.set(collector, error);
      noteSource(collector, source);
    }
  }

  function noteSource(collector: string, source: string | undefined): void {
    const before = sources.get(collector);
    if (source === undefined || source === before) return;
    sources.set(collector, source);
    if (before !== undefined) log.warn({ collector, source, before }, 'collector reads another source');
  }
}
