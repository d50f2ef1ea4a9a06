import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds and value, the value as Prometheus writes it. */
  readonly values: readonly (readonly [number, string])[];
}

export interface Prometheus {
  readonly url: string;
  queryInstant(expr: string, time: number): Promise<Series[]>;
  queryRange(expr: string, start: number, end: number, step: number): Promise<Series[]>;
  stop(): Promise<void>;
}

/** A real Prometheus over blocks that are already in `folder`/data; it scrapes nothing and evaluates no rule. */
export async function startPrometheus(folder: string): Promise<Prometheus> {
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=${address}`,
      '--log.level=error',
    ],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const url = `http://${address}`;
  await waitUntilReady(url, child);
  return {
    url,
    queryInstant: (expr, time) => query(`${url}/api/v1/query`, { query: expr, time }),
    queryRange: (expr, start, end, step) => query(`${url}/api/v1/query_range`, { query: expr, start, end, step }),
    stop: () => stop(child),
  };
}

/** Puts samples into the data folder as blocks, as if they had been scraped at their time. */
export function createBlocks(folder: string, openmetrics: string): void {
  runPromtool(folder, ['tsdb', 'create-blocks-from', 'openmetrics', openmetrics, 'data']);
}

/** Evaluates recording rules over the past of a running server. */
export function backfillRules(folder: string, url: string, start: number, end: number, files: readonly string[]): void {
  const range = [`--start=${start}`, `--end=${end}`, '--eval-interval=60s', '--output-dir=data'];
  runPromtool(folder, ['tsdb', 'create-blocks-from', 'rules', ...range, `--url=${url}`, ...files]);
}

function runPromtool(folder: string, args: readonly string[]): void {
  execFileSync('promtool', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function query(url: string, parameters: Readonly<Record<string, string | number>>): Promise<Series[]> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) body.set(name, String(value));
  const response = await fetch(url, { method: 'POST', body });
  const answer = (await response.json()) as { status: string; error?: string; data: { result: AnswerSeries[] } };
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${parameters.query}`);
  return answer.data.result.map(({ metric, value, values }) => ({ metric, values: values ?? [value!] }));
}

interface AnswerSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
  await stop(child);
  throw new Error('prometheus was not ready within 15 seconds');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
