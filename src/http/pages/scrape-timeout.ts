export interface TimeoutRules {
  /** The longest time a scrape may take, and what holds where the request names none. */
  readonly timeoutMs: number;
  /** Taken off the time the request names, so that the page arrives before its reader gives up. */
  readonly marginMs: number;
}

/**
 * Milliseconds until the page has to be sent, from the value of `X-Prometheus-Scrape-Timeout-Seconds`. The margin is at
 * most half of what the request names: a reader in a hurry still gets a page. A header that is no positive number is
 * taken for none.
 */
export function chooseTimeout(header: string | undefined, { timeoutMs, marginMs }: TimeoutRules): number {
  const named = /^\s*\d{1,9}(\.\d+)?([eE][-+]?\d{1,2})?\s*$/.test(header ?? '') ? Number(header) * 1000 : 0;
  if (!(named > 0)) return timeoutMs;
  return Math.max(1, Math.min(timeoutMs, named - Math.min(marginMs, named / 2)));
}
