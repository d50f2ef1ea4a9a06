/** A value that is loaded in intervals, off the scrape path, and can be read at any time. */
export interface Refreshed<Value> {
  /**
   * The last value. Throws if there is none, with the reason: nothing loaded yet, every load failed, or the last
   * success is too old.
   */
  read(): Value;
  /** Settles when the first load has succeeded or failed. */
  readonly isFirstDone: Promise<void>;
  /** Stops, and cancels a load in progress. */
  stop(): void;
}

export interface RefreshTimes {
  /** Pause between two loads. */
  readonly everyMs: number;
  /** How long a value stays in use while loads fail. */
  readonly validMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Loads a value at once and again after each pause; a failed load keeps the previous value. */
export function keepRefreshed<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  { everyMs, validMs, now }: RefreshTimes,
): Refreshed<Value> {
  const abort = new AbortController();
  let last: { readonly value: Value; readonly atMs: number } | undefined;
  let failure: unknown = new Error('it has not been read yet');
  let timer: NodeJS.Timeout | undefined;

  return {
    isFirstDone: refresh(),
    read() {
      if (last === undefined || now() - last.atMs > validMs) throw failure;
      return last.value;
    },
    stop() {
      clearTimeout(timer);
      abort.abort();
    },
  };

  async function refresh(): Promise<void> {
    try {
      const value = await load(abort.signal);
      last = { value, atMs: now() };
      failure = new Error('its last answer is too old');
    } catch (error) {
      failure = error;
    }
    if (!abort.signal.aborted) timer = setTimeout(refresh, everyMs).unref();
  }
}
