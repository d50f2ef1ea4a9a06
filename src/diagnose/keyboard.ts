import type { ReadStream } from 'node:tty';

/** Hears what ends or stops a watch. Whatever it is, the terminal is given back as it was. */
export interface Keyboard {
  /** Aborted by a key or by a signal. */
  readonly ended: AbortSignal;
  close(): void;
}

export interface KeyboardOptions {
  /** undefined where no keys can be read: then a signal ends it. */
  readonly input: ReadStream | undefined;
  /** Whether the keys are ours now: in the background they are those of the shell. */
  readonly isForeground: () => boolean;
  /** Before it is stopped, and when it goes on. */
  readonly onStop?: () => void;
  readonly onContinue?: () => void;
}

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

/** Whoever ends it from outside gets the terminal back as it was, too: by themselves these would leave it without echo. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** To the whole job, as the terminal sends it: sudo in front of us stops with us. */
const JOB = 0;

export function openKeyboard({ input, isForeground, onStop, onContinue }: KeyboardOptions): Keyboard {
  const ending = new AbortController();
  const end = () => ending.abort();
  let isTaken = false;
  let isClosed = false;
  const listen = (keys: Buffer) => {
    const key = String.fromCharCode(keys[0] ?? 0);
    if (['q', 'Q', CTRL_C].includes(key)) end();
    else if (key === CTRL_Z && process.platform !== 'win32') stop(JOB);
  };

  take();
  for (const signal of ENDING) process.on(signal, end);
  if (process.platform !== 'win32') process.on('SIGTSTP', stopAlone).on('SIGCONT', goOn);
  return {
    ended: ending.signal,
    close() {
      isClosed = true;
      release();
      for (const signal of ENDING) process.off(signal, end);
      process.off('SIGTSTP', stopAlone).off('SIGCONT', goOn);
    },
  };

  function take(): void {
    if (isTaken || input === undefined || !isForeground()) return;
    isTaken = true;
    input.setRawMode(true);
    input.on('data', listen);
    input.resume();
  }

  function release(): void {
    if (!isTaken || input === undefined) return;
    isTaken = false;
    input.off('data', listen);
    input.setRawMode(false);
    input.pause();
  }

  function stopAlone(): void {
    stop(process.pid);
  }

  /** Without our handler the signal stops this process until somebody lets it go on. */
  function stop(whom: number): void {
    release();
    onStop?.();
    process.off('SIGTSTP', stopAlone);
    process.kill(whom, 'SIGTSTP');
  }

  function goOn(): void {
    if (isClosed) return;
    process.off('SIGTSTP', stopAlone).on('SIGTSTP', stopAlone);
    take();
    onContinue?.();
  }
}
