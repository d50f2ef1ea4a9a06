import type { Logger } from '../log/log.ts';
import { MISSED_DEADLINE } from '../model/missed-deadline.ts';
import type { CollectorOutcome } from '../model/snapshot.ts';
import type { Notice } from '../platform/platform.ts';

/** A collector that was late again so soon is told of when the time is over, if it still is. */
const LATE_AGAIN_MS = 60_000;

/**
 * Logs what changes about collecting: collectors that start failing or recover, another source, a thread lost. One line
 * when a trouble begins and one when it is over, however many scrapes, collectors and restarts lie between.
 */
export function createChangeLog(log: Logger, now = () => performance.now()) {
  const failing = new Set<string>();
  const toldMs = new Map<string, number>();
  const sources = new Map<string, string>();
  let lastNotices = '';
  let lossReason: string | undefined;

  return { ready, lost, outcomes };

  /** The thread is up. What it has to say is logged once, not at every restart. */
  function ready(notices: readonly Notice[]): void {
    const text = JSON.stringify(notices);
    if (text !== lastNotices) for (const { level, message } of notices) log[level]({}, message);
    lastNotices = text;
  }

  /** The same reason again, without a whole collection in between, is no news. */
  function lost(reason: string): void {
    if (reason !== lossReason) log.error({ reason }, 'the collector thread was lost and is started again');
    lossReason = reason;
  }

  /** How a collection ended, and what was on its page. Of a thread that was lost, `lost` has told all. */
  function outcomes(all: readonly CollectorOutcome[], ending: 'complete' | 'lost' | 'late' | undefined): void {
    if (ending === 'lost') return;
    if (ending === 'complete' && lossReason !== undefined) {
      log.info({}, 'the collector thread is up again');
      lossReason = undefined;
    }
    const failed = all.filter(
      (outcome) => outcome.error !== undefined && !failing.has(outcome.collector) && isNews(outcome),
    );
    const recovered = all.filter(({ collector, error }) => error === undefined && failing.has(collector));
    if (failed.length > 0) logFailed(failed);
    if (recovered.length > 0) logRecovered(recovered);
    for (const { collector, source } of all) noteSource(collector, source);
  }

  /** Whoever scrapes with too short a time-out now and then makes collectors late and in time again as often as they like. */
  function isNews({ collector, error }: CollectorOutcome): boolean {
    if (!error!.includes(MISSED_DEADLINE)) return true;
    return now() - (toldMs.get(collector) ?? Number.NEGATIVE_INFINITY) >= LATE_AGAIN_MS;
  }

  function logFailed(failed: readonly CollectorOutcome[]): void {
    for (const { collector } of failed) {
      failing.add(collector);
      toldMs.set(collector, now());
    }
    const details = { collector: namesOf(failed), error: [...new Set(failed.map(({ error }) => error))].join('; ') };
    log.error(details, failed.length === 1 ? 'collector fails' : 'collectors fail');
  }

  function logRecovered(recovered: readonly CollectorOutcome[]): void {
    for (const { collector } of recovered) failing.delete(collector);
    const message = recovered.length === 1 ? 'collector works again' : 'collectors work again';
    log.info({ collector: namesOf(recovered) }, message);
  }

  function noteSource(collector: string, source: string | undefined): void {
    const before = sources.get(collector);
    if (source === undefined || source === before) return;
    sources.set(collector, source);
    if (before !== undefined) log.warn({ collector, source, before }, 'collector reads another source');
  }
}

function namesOf(outcomes: readonly CollectorOutcome[]): string {
  return outcomes.map(({ collector }) => collector).join();
}
