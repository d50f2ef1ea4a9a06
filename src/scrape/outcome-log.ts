import type { Logger } from '../log/log.ts';
import type { CollectorOutcome } from '../model/snapshot.ts';
import type { Notice } from '../platform/platform.ts';

/** Repeated deadline misses of a collector are logged at most once per minute. */
const LATE_AGAIN_MS = 60_000;

/**
 * Logs changes: collectors that start failing or recover, a different source, a lost thread. One line when a problem
 * begins and one when it is over, however many scrapes, collectors and restarts are in between.
 */
export function createOutcomeLog(log: Logger, now = () => performance.now()) {
  const failing = new Set<string>();
  const toldMs = new Map<string, number>();
  const sources = new Map<string, string>();
  let lastNotices = '';
  let lossReason: string | undefined;

  return { ready, lost, outcomes };

  /** The thread is up. Logs its notices once, not at every restart. */
  function ready(notices: readonly Notice[]): void {
    const text = JSON.stringify(notices);
    if (text !== lastNotices) for (const { level, message } of notices) log[level]({}, message);
    lastNotices = text;
  }

  /** The same reason again, without a complete collection in between, is not logged. */
  function lost(reason: string): void {
    if (reason !== lossReason) log.error({ reason }, 'lost the collector thread, restarting it');
    lossReason = reason;
  }

  /** How a collection ended, and the outcomes on its page. A lost thread has been logged already. */
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
    noteSources(all);
  }

  /** A client whose time-out is too short can make collectors late, and in time again, as often as it likes. */
  function isNews({ collector, isLate }: CollectorOutcome): boolean {
    if (isLate !== true) return true;
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

  /** One line for all collectors that turned from one source to another together. */
  function noteSources(all: readonly CollectorOutcome[]): void {
    const turned = new Map<string, CollectorOutcome[]>();
    for (const outcome of all) {
      const { collector, source } = outcome;
      const before = sources.get(collector);
      if (source === undefined || source === before) continue;
      sources.set(collector, source);
      if (before !== undefined) turned.set(before, [...(turned.get(before) ?? []), outcome]);
    }
    for (const [before, outcomes] of turned) {
      const { source, sourceReason } = outcomes[0]!;
      const details = { collector: namesOf(outcomes), source, before, ...(sourceReason && { reason: sourceReason }) };
      log.warn(
        details,
        outcomes.length === 1 ? 'collector reads a different source' : 'collectors read a different source',
      );
    }
  }
}

function namesOf(outcomes: readonly CollectorOutcome[]): string {
  return outcomes.map(({ collector }) => collector).join();
}
