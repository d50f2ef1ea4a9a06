import type { CollectorName } from '../model/collectors.ts';
import { describeError } from '../model/describe-error.ts';
import type { EphemeralRules } from '../model/ephemeral-rules.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { CollectorOutcome, Facts } from '../model/snapshot.ts';
import type { Platform, ScrapeBudget } from '../platform/platform.ts';
import { createSocketCollection } from './collect-sockets.ts';
import type { CollectedPart, CollectRequest } from './protocol.ts';

/** One collector's run: its value, if it came to one, and how it fared. */
export interface Run<Value> {
  readonly value: Value | undefined;
  readonly outcome: CollectorOutcome;
}

/** Runs a collector, timed on its own. The one place where what it throws is caught: it costs its own series only. */
export function runCollector<Value>(
  collector: CollectorName,
  source: string | undefined,
  now: () => number,
  collect: () => Value,
): Run<Value> {
  const startMs = now();
  const finish = (error?: unknown): CollectorOutcome => ({
    collector,
    success: error === undefined,
    seconds: (now() - startMs) / 1000,
    ...(source !== undefined && { source }),
    ...(error !== undefined && { error: describeError(error) }),
  });
  try {
    const value = collect();
    return { value, outcome: finish() };
  } catch (error) {
    return { value: undefined, outcome: finish(error ?? new Error('it failed without a reason')) };
  }
}

/** Collections of one platform. Each call gathers what the request asks for and sends every part as soon as it is there. */
export function createCollection(platform: Platform, limits: TallyLimits, now: () => number) {
  const collectSockets = createSocketCollection(platform, limits, now);

  return function collect(request: CollectRequest, send: (part: CollectedPart) => void): void {
    const wanted = new Set(request.collectors);
    const budget: ScrapeBudget = { deadlineMs: request.deadlineMs, now };
    const rules = collectFacts(wanted, send);
    collectSockets(wanted, rules, budget, send);
  };

  /** Sends every wanted fact; returns the rules of ephemeral ports, which the sockets are counted by in any case. */
  function collectFacts(
    wanted: ReadonlySet<CollectorName>,
    send: (part: CollectedPart) => void,
  ): EphemeralRules | undefined {
    let rules: EphemeralRules | undefined;
    for (const collector of platform.facts) {
      const isWanted = wanted.has(collector.name);
      if (!isWanted && collector.name !== 'ephemeral_ports') continue;
      const { value, outcome } = runCollector(collector.name, collector.source, now, (): Facts => collector.collect());
      rules ??= value?.ephemeral;
      if (isWanted) send({ ...(value && { facts: value }), outcomes: [outcome] });
    }
    return rules;
  }
}
