/** Each part must begin where the previous one ends: a search further on would take quadratic time on a long text. */
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

/** Go counts nanoseconds in 63 bits. */
const LONGEST_MS = 2 ** 63 / 1e6;

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A duration as Go and Prometheus write it (`500ms`, `1m30s`, `0`) → milliseconds. undefined = it is not a duration,
 * negative, or longer than Go's longest (292 years).
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = [...text.matchAll(PART)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  const ms = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * MILLISECONDS[unit!]!, 0);
  return ms < LONGEST_MS ? ms : undefined;
}
