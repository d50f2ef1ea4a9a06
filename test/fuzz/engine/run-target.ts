import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundles, ROOT } from './bundle.ts';
import type { Trouble } from './execute.ts';
import { makeFolder } from './folder.ts';

export interface RunOptions {
  readonly name: string;
  readonly seed: number;
  readonly milliseconds: number;
  readonly executions: number;
  /** Base64; in place of the target's seeds. */
  readonly inputs?: readonly string[];
}

/** What a child process is told. */
export interface ChildOptions extends RunOptions {
  readonly root: string;
  readonly targets: string;
  readonly counted: string;
  readonly folder: string;
  readonly journal: string;
}

/** What it answers. */
export interface ChildReport {
  readonly executions: number;
  readonly corpus: number;
  readonly blocks: { readonly reached: number; readonly known: number };
  readonly called: readonly string[];
  readonly finding?: Problem;
}

export interface Problem extends Omit<Trouble, 'kind'> {
  readonly kind: Trouble['kind'] | 'hang' | 'crash';
  /** Base64. */
  readonly input: string;
}

/** An input that takes the processor for so long never ends: what is merely slow is told by the child itself. */
const HANG_MS = 10_000;
/** One that waits for so long, without the processor, does not end either; a busy machine lets a child wait, too. */
const STANDSTILL_MS = 120_000;
const LOOK_EVERY_MS = 250;
const MOST_HEAP_MB = 512;

/** Fuzzes one target in a child process and waits for the end, its own or one it has to be put to. */
export async function runTarget(bundles: Bundles, options: RunOptions, hangMs = HANG_MS): Promise<ChildReport> {
  const folder = makeFolder();
  const journal = join(folder, 'journal');
  const work = mkdtempSync(join(folder, 'work-'));
  const { engine, targets, counted } = bundles;
  const told: ChildOptions = { ...options, root: ROOT, targets, counted, folder: work, journal };
  const child = fork(engine, [JSON.stringify(told)], {
    cwd: ROOT,
    execArgv: ['--enable-source-maps', `--max-old-space-size=${MOST_HEAP_MB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  try {
    return await watch(child, journal, hangMs);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

function watch(child: ChildProcess, journal: string, hangMs: number): Promise<ChildReport> {
  return new Promise((resolve) => {
    let errors = '';
    let last = { number: 0, cpuMs: 0, atMs: performance.now() };
    const end = (report: ChildReport) => {
      clearInterval(timer);
      resolve(report);
    };
    const fail = (kind: 'hang' | 'crash', text: string) => end(reportOf(journal, kind, text));
    const timer = setInterval(() => {
      const now = { number: readJournal(journal).number, cpuMs: cpuMsOf(child.pid!), atMs: performance.now() };
      if (now.number !== last.number) last = now;
      // before the first input the child loads what it needs
      else if (now.number > 0 && now.cpuMs - last.cpuMs > hangMs)
        fail('hang', `no end after ${hangMs} ms of the processor`);
      else if (now.atMs - last.atMs > STANDSTILL_MS) fail('hang', `no end after ${STANDSTILL_MS} ms`);
    }, LOOK_EVERY_MS);
    child.stderr!.on('data', (chunk) => {
      errors = (errors + chunk).slice(-4000);
    });
    child.on('message', (report) => end(report as ChildReport));
    child.on('close', (code, signal) => fail('crash', `the process ended (${signal ?? code}): ${errors}`));
  });
}

function reportOf(journal: string, kind: 'hang' | 'crash', text: string): ChildReport {
  const { number, input } = readJournal(journal);
  const finding = { kind, text, signature: kind, input: input.toString('base64') };
  return { executions: number, corpus: 0, blocks: { reached: 0, known: 0 }, called: [], finding };
}

/** Number 0 and no input before the first one. */
function readJournal(journal: string): { number: number; input: Buffer } {
  const bytes = readOrNothing(journal);
  if (bytes.length < 8) return { number: 0, input: Buffer.alloc(0) };
  return { number: bytes.readUInt32LE(0), input: bytes.subarray(8, 8 + bytes.readUInt32LE(4)) };
}

/** Of a whole process, from its /proc/PID/stat in ticks of 10 ms. 0 where there is none: then only a standstill counts. */
function cpuMsOf(pid: number): number {
  const fields = readOrNothing(`/proc/${pid}/stat`).toString().split(') ').at(-1)!.split(' ');
  return (Number(fields[14 - 3] ?? 0) + Number(fields[15 - 3] ?? 0)) * 10;
}

function readOrNothing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0); // the child has not come so far yet, or it has ended
  }
}
