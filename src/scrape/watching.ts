/** A timer that runs only while somebody watches. */
export interface Watching {
  /** Somebody looks now. */
  seen(): void;
  /** Whether somebody looked so lately that the timer runs. */
  isOn(): boolean;
  close(): void;
}

export interface WatchingOptions {
  /** Called again and again while somebody watches; the next time begins when it has ended. Never rejects. */
  readonly look: () => Promise<void>;
  /** Nobody has looked for long enough. */
  readonly onEnd: () => void;
  readonly everyMs: number;
  /** How long after the last look of somebody it goes on. */
  readonly lingerMs: number;
  readonly now: () => number;
}

export function createWatching({ look, onEnd, everyMs, lingerMs, now }: WatchingOptions): Watching {
  let lastSeenMs = 0;
  let isRunning = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  return {
    seen() {
      lastSeenMs = now();
      if (isRunning || isClosed) return;
      isRunning = true;
      wait();
    },
    isOn: () => isRunning,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };

  function wait(): void {
    timer = setTimeout(() => void turn(), everyMs).unref();
  }

  async function turn(): Promise<void> {
    if (now() - lastSeenMs >= lingerMs) {
      isRunning = false;
      onEnd();
      return;
    }
    await look();
    if (!isClosed) wait();
  }
}
