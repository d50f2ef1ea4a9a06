import { Worker } from 'node:worker_threads';
import type { ExpositionFormat } from '../metrics/family.ts';
import type { CollectorName } from '../model/collectors.ts';
import { describeError } from '../model/describe-error.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import type { Notice } from '../platform/platform.ts';
import {
  type CollectedPart,
  type CollectionEnd,
  type CollectorMessage,
  type CollectorOptions,
  type CollectRequest,
  monotonicMs,
  type ThreadData,
  type ToldLook,
} from './protocol.ts';
import { closeHandles, shareHandles } from './thread-handles.ts';

/** Calls the owner of the thread on changes. */
export interface CollectorEvents {
  onReady(notices: readonly Notice[]): void;
  /** The thread ended or never started; it is started again. */
  onLost(reason: string): void;
}

/** A collection in progress. */
export interface Collection {
  /** Settles when every part has arrived, the thread was lost, or the deadline passed. Never rejects. */
  readonly done: Promise<void>;
  /** What has arrived so far. */
  readonly parts: readonly CollectedPart[];
  /** How it ended; undefined while it is in progress. */
  readonly ending: 'complete' | 'lost' | 'late' | undefined;
  /** When it was requested, on the clock of `performance.now`. */
  readonly startedMs: number;
  /** Of a complete collection: the page in the format that was asked for, and whether the parts have the counts. */
  readonly page?: Uint8Array | undefined;
  readonly hasCounts: boolean;
  /** With the counts: see `CollectionEnd`. */
  readonly earlier?: readonly ToldLook[] | undefined;
  /** Has the thread send the counts, too, if it has not ended by now. */
  wantCounts(): void;
}

export interface CollectorClient {
  /** With a `format` the thread writes the page, and keeps the counts to itself. */
  collect(
    collectors: readonly CollectorName[],
    timeoutMs: number,
    format?: ExpositionFormat,
    config?: ConfigInUse,
  ): Collection;
  isReady(): boolean;
  close(): Promise<void>;
}

interface Pending extends Collection {
  readonly parts: CollectedPart[];
  readonly countsWanted: Int32Array;
  settle(ending: Collection['ending'], end?: CollectionEnd): void;
}

/** Delays before the thread restarts, after each loss without a whole collection in between. */
const RESTART_DELAYS_MS = [0, 250, 1000, 5000, 15_000];
/**
 * The thread counts as stuck, and is replaced, if so many collections in a row miss their deadline and so much time
 * passes between the first and the last miss. Requests with a short time-out must not cost a thread that is merely
 * busy.
 */
const MOST_MISSES = 3;
const STUCK_MS = 3000;
/**
 * A thread that hangs in the kernel cannot be ended. With so many of them left behind, the next one that hangs is kept.
 */
const MOST_LEFT_BEHIND = 3;
/** Three semi-spaces, of the size in memory/small-heap.ts: V8 counts that many. Typed arrays hold the sockets. */
const YOUNG_GENERATION_MB = 6;
const WORKER_URL = new URL('./worker.js', import.meta.url);

/** Runs the collector thread, and restarts it when it is lost or stuck. `workerUrl`: the module the thread runs. */
export function createCollectorClient(
  options: CollectorOptions,
  events: CollectorEvents,
  workerUrl: URL = WORKER_URL,
): CollectorClient {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let ready = false;
  let closed = false;
  let losses = 0;
  let misses = 0;
  let firstMissMs = 0;
  let leftBehind = 0;
  let lastId = 0;
  let restart: NodeJS.Timeout | undefined;
  /** The configuration that the thread has. */
  let told: ConfigInUse | undefined;

  start();
  return { collect, isReady: () => ready, close };

  function start(): void {
    restart = undefined;
    told = undefined;
    const handles = shareHandles();
    const data: ThreadData = { ...options, handles };
    try {
      watch(
        new Worker(workerUrl, {
          workerData: data,
          resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
        }),
        handles,
      );
    } catch (error) {
      // the system refuses more threads (RLIMIT_NPROC, pids.max); report it after the caller has finished
      setImmediate(lose, `it cannot be started: ${describeError(error)}`);
    }
  }

  function watch(thread: Worker, handles: Int32Array): void {
    worker = thread;
    let reason = 'it ended by itself';
    thread.on('message', (message: CollectorMessage) => {
      if (worker !== thread) return; // from a thread that was replaced
      if (message.type === 'unable') reason = message.error;
      receive(message);
    });
    thread.on('error', (error) => {
      reason = describeError(error);
    });
    thread.on('exit', () => {
      closeHandles(handles);
      if (worker === thread) lose(reason);
    });
  }

  function receive(message: CollectorMessage): void {
    if (message.type === 'ready') {
      ready = true;
      events.onReady(message.notices);
    } else if (message.type === 'part') {
      pending.get(message.id)?.parts.push(message.part);
    } else if (message.type === 'done') {
      losses = 0;
      misses = 0;
      pending.get(message.id)?.settle('complete', message.end);
    } else void worker?.terminate();
  }

  /** The collections in progress end with what they have; the next one finds a new thread. */
  function lose(reason: string): void {
    worker = undefined;
    ready = false;
    misses = 0;
    for (const collection of pending.values()) collection.settle('lost');
    if (closed) return;
    events.onLost(reason);
    const delay = RESTART_DELAYS_MS[Math.min(losses++, RESTART_DELAYS_MS.length - 1)]!;
    if (delay === 0) start();
    else restart = setTimeout(start, delay).unref();
  }

  function collect(
    collectors: readonly CollectorName[],
    timeoutMs: number,
    format?: ExpositionFormat,
    config?: ConfigInUse,
  ): Collection {
    const id = ++lastId;
    const collection = createPending(timeoutMs, () => pending.delete(id), missDeadline);
    pending.set(id, collection);
    if (worker === undefined) collection.settle('lost');
    const { countsWanted } = collection;
    const deadlineMs = monotonicMs() + timeoutMs;
    const request: CollectRequest = {
      id,
      collectors,
      deadlineMs,
      countsWanted,
      ...(format && { format }),
      ...(config !== undefined && config !== told && { config }),
    };
    worker?.postMessage(request);
    told = config;
    return collection;
  }

  function missDeadline(): void {
    const nowMs = performance.now();
    if (misses++ === 0) firstMissMs = nowMs;
    if (misses < MOST_MISSES || nowMs - firstMissMs < STUCK_MS) return;
    if (worker === undefined || leftBehind === MOST_LEFT_BEHIND) return;
    const stuck = worker;
    leftBehind++;
    lose(`it missed ${misses} deadlines in a row`);
    void stuck.terminate().then(() => leftBehind--);
  }

  async function close(): Promise<void> {
    closed = true;
    clearTimeout(restart);
    await worker?.terminate();
  }
}

function createPending(timeoutMs: number, onSettled: () => void, onTimeout: () => void): Pending {
  let resolve = () => {};
  const done = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  const countsWanted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const collection = {
    done,
    parts: [] as CollectedPart[],
    ending: undefined as Collection['ending'],
    startedMs: performance.now(),
    page: undefined as Uint8Array | undefined,
    hasCounts: false,
    earlier: undefined as Collection['earlier'],
    countsWanted,
    wantCounts: () => void Atomics.store(countsWanted, 0, 1),
    settle(ending: Collection['ending'], end?: CollectionEnd) {
      clearTimeout(timer);
      collection.ending = ending;
      if (end !== undefined) {
        collection.parts.push(...end.parts);
        collection.page = end.page;
        collection.hasCounts = end.hasCounts;
        collection.earlier = end.earlier;
      }
      onSettled();
      resolve();
    },
  };
  const timer = setTimeout(() => {
    collection.settle('late');
    onTimeout();
  }, timeoutMs);
  return collection;
}
