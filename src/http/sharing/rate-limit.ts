/** At most `burst` requests at once, and one more per interval. */
export interface RateLimit {
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * A token bucket whose size may change from one request to the next. Returns how many milliseconds a request must wait:
 * 0 = it may pass, and has taken a token.
 */
export function createRateLimiter(
  now: () => number = () => performance.now(),
): (limit: RateLimit | undefined) => number {
  let known: RateLimit | undefined;
  let tokens = 0;
  let filledAtMs = 0;
  return (limit) => {
    if (limit === undefined) return 0;
    const nowMs = now();
    if (limit.intervalMs !== known?.intervalMs || limit.burst !== known.burst) {
      known = limit;
      tokens = limit.burst;
    } else tokens = Math.min(limit.burst, tokens + (nowMs - filledAtMs) / limit.intervalMs);
    filledAtMs = nowMs;
    if (tokens < 1) return (1 - tokens) * limit.intervalMs;
    tokens--;
    return 0;
  };
}
