export interface TimeoutRules {
  /** The longest time a scrape may take, also for requests that name no time-out. */
  readonly timeoutMs: number;
  /** Subtracted from the time-out of the request, so that the page arrives before its reader gives up. */
  readonly marginMs: number;
}

/**
 * Milliseconds until the page must be sent, from the value of `X-Prometheus-Scrape-Timeout-Seconds`. The margin is at
 * most half of that value, so that a short time-out still leaves time for a page. A header that is not a positive
 * number counts as missing.
 */
export function chooseTimeout(header: string | undefined, { timeoutMs, marginMs }: TimeoutRules): number {
  const named = /^\s*\d{1,9}(\.\d+)?([eE][-+]?\d{1,2})?\s*$/.test(header ?? '') ? Number(header) * 1000 : 0;
  if (!(named > 0)) return timeoutMs;
  return Math.max(1, Math.min(timeoutMs, named - Math.min(marginMs, named / 2)));
}
