import { setTimeout as delay } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { createLogUpdate } from 'log-update';

/** Redraws in place, what has changed only. */
export interface Screen {
  draw(text: string): void;
  /** Leaves what is drawn where it is, and the cursor visible below it. */
  leave(): void;
  /** Draws the same again, below what others wrote meanwhile. */
  redraw(): void;
}

/** Below everything, however much there is. */
const WAY_OUT = 'q ends it';

export function openScreen(output: WriteStream): Screen {
  const update = createLogUpdate(output);
  let drawn: string | undefined;
  const redraw = () => {
    if (drawn !== undefined) update(`${fit(drawn, output.rows - 1)}\n${WAY_OUT}`);
  };
  return {
    draw(text) {
      drawn = text;
      redraw();
    },
    leave: () => update.done(),
    redraw,
  };
}

/** Waits; false: it was told to end. */
export function waitFor(ms: number, ended: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal: ended }).catch(() => false);
}

/** What comes of the work, or undefined as soon as it was told to end. */
export async function unlessEnded<Result>(work: Promise<Result>, ended: AbortSignal): Promise<Result | undefined> {
  if (ended.aborted) {
    work.catch(() => {}); // nobody waits for it any more
    return undefined;
  }
  let leave = () => {};
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
  });
  ended.addEventListener('abort', leave);
  return Promise.race([work, left]).finally(() => ended.removeEventListener('abort', leave));
}

/** What is above the first line of the terminal cannot be redrawn. */
export function fit(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  const most = Math.max(2, rows - 2);
  return lines.length <= most
    ? lines.join('\n')
    : [...lines.slice(0, most - 1), '… (the terminal has no more lines)'].join('\n');
}
