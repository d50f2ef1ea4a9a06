import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { DiagnoseOptions } from '../config/diagnose.ts';
import { openForegroundCheck } from '../platform/select.ts';
import { formatFailure } from './failure.ts';
import { loadForm } from './form.ts';
import { openKeyboard } from './keyboard.ts';
import { type Look, pairLooks, type Source } from './source.ts';
import { EXIT_CODES, toView, type View } from './view.ts';
import type { Screen } from './watch.ts';

export interface Streams {
  readonly output: WriteStream;
  readonly input: ReadStream;
  /** For what would be no row of the output. */
  readonly errors: Writable;
  readonly readerGone: AbortSignal;
}

type WatchOptions = DiagnoseOptions & { readonly watchMs: number };

/** Rates of a report that is drawn again and again are those of so many milliseconds. */
const WINDOW_MS = 30_000;

/** Tells what was asked for and returns the exit code. */
export async function runDiagnose(
  options: DiagnoseOptions,
  open: () => Promise<Source>,
  streams: Streams,
): Promise<number> {
  const source = await open();
  try {
    return options.watchMs === undefined
      ? await tellOnce(options, source, streams)
      : await tellAgain({ ...options, watchMs: options.watchMs }, source, streams);
  } catch (error) {
    tellFailure(options, source, streams, error);
    return EXIT_CODES.unknown;
  } finally {
    source.close();
  }
}

async function tellOnce(options: DiagnoseOptions, source: Source, { output }: Streams): Promise<number> {
  const first = await source.look();
  const isOne = options.intervalMs === 0 || options.port !== undefined;
  // what is loaded meanwhile costs no time
  const [form] = await Promise.all([loadForm(options, output), isOne ? undefined : delay(options.intervalMs)]);
  const looks = isOne ? pairLooks(first, undefined) : pairLooks(await source.look(), first);
  const view = toView(looks, source, options, new Date());
  form(view, true);
  return options.port === undefined ? EXIT_CODES[view.verdict.status] : EXIT_CODES.ok;
}

/**
 * The earlier look of each verdict is the oldest of the window. Ends by a key, a signal, or a reader that has gone. A look that fails
 * after the first is told and passed over: an exporter that starts again is no reason to miss the rest of the night.
 */
async function tellAgain(options: WatchOptions, source: Source, streams: Streams): Promise<number> {
  const { unlessEnded, waitFor } = await import('./watch.ts');
  const { teller, ended, close } = await openTeller(options, source, streams);
  const earlier: Look[] = [];
  try {
    for (let isFirst = true; ; isFirst = false) {
      const now = await unlessEnded(isFirst ? source.look() : source.look().catch(failed), ended);
      if (now === undefined) return EXIT_CODES.ok;
      if ('failure' in now) teller.fail(now.failure);
      else {
        while (earlier.length > 1 && now.atMs - earlier[0]!.atMs > WINDOW_MS) earlier.shift();
        teller.tell(toView(pairLooks(now, earlier[0]), source, options, new Date()), isFirst);
        earlier.push({ snapshot: now.snapshot, atMs: now.atMs });
      }
      if (!(await waitFor(options.watchMs, ended))) return EXIT_CODES.ok;
    }
  } finally {
    close();
  }
}

function failed(failure: unknown): { readonly failure: unknown } {
  return { failure };
}

interface Teller {
  tell(view: View, isFirst: boolean): void;
  fail(error: unknown): void;
}

/** Where it is told, and what ends it. A program at the other end of a pipe may read the keyboard itself: then the keys are its own. */
async function openTeller(options: WatchOptions, source: Source, streams: Streams) {
  const { output, input, readerGone } = streams;
  const isDrawn = output.isTTY && !options.json && options.csv === undefined;
  const screen = isDrawn ? (await import('./watch.ts')).openScreen(output) : undefined;
  const teller =
    screen === undefined ? await writesRows(options, source, streams) : await draws(screen, options, source, streams);
  if (!output.isTTY) return { teller, ended: readerGone, close() {} };
  const { config } = options;
  const keyboard = openKeyboard({
    input: input.isTTY ? input : undefined,
    isForeground: await openForegroundCheck(config.platform, config),
    ...(screen && { onStop: screen.leave, onContinue: screen.redraw }),
  });
  return {
    teller,
    ended: AbortSignal.any([keyboard.ended, readerGone]),
    close() {
      screen?.leave();
      keyboard.close();
    },
  };
}

async function writesRows(options: WatchOptions, source: Source, streams: Streams): Promise<Teller> {
  return {
    tell: await loadForm(options, streams.output),
    fail: (error) => tellFailure(options, source, streams, error),
  };
}

async function draws(screen: Screen, options: WatchOptions, source: Source, { output }: Streams): Promise<Teller> {
  const { formatFor } = await import('./terminal.ts');
  const format = formatFor(options, output, true);
  return {
    tell: (view) => screen.draw(format(view)),
    fail: (error) => screen.draw(formatFailure(options, source, error)),
  };
}

function tellFailure(options: DiagnoseOptions, source: Source, { output, errors }: Streams, error: unknown): void {
  const stream = options.csv === undefined ? output : errors;
  stream.write(formatFailure(options, source, error));
}
