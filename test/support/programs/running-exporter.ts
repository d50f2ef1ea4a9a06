import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Agent, get, type IncomingHttpHeaders } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { type ParsedFamily, parseExposition } from '../pages/exposition-parser.ts';

const PREPARE = fileURLToPath(new URL('../../../scripts/prepare.mjs', import.meta.url));
export const BUILT_PROGRAM = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const LOCK_EX = 2;
/** Longer than a loaded machine takes to start it; then something is wrong. */
const START_MS = 20_000;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [detail: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly milliseconds: number;
}

export interface RunningExporter {
  readonly pid: number;
  readonly port: number;
  /** What it has logged so far. */
  readonly log: readonly LogLine[];
  /** Every request of one exporter goes over the same connection, one after the other. */
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A request on a connection of its own. */
  getApart(path: string, headers?: Record<string, string>): Promise<Answer>;
  scrape(headers?: Record<string, string>): Promise<Map<string, ParsedFamily>>;
  /** Sends SIGTERM or another signal and resolves with the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface ExporterOptions {
  readonly args?: readonly string[];
  /** A program that runs the rest of its command line, put in front. */
  readonly launcher?: readonly string[];
}

/** Starts the built program, on a port of its own choice, and stops it after the test. */
export async function startExporter(t: TestContext, options: ExporterOptions = {}): Promise<RunningExporter> {
  buildProgram();
  const command = [
    ...(options.launcher ?? []),
    process.execPath,
    BUILT_PROGRAM,
    '--web.listen-address=127.0.0.1:0',
    '--log.format=json',
    ...(options.args ?? []),
  ];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(async () => {
    agent.destroy();
    child.kill('SIGKILL');
    await exit;
  });
  const log: LogLine[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not listening after ${START_MS} ms`)), START_MS);
    createInterface(child.stderr).on('line', (written) => {
      const line = parseLogLine(written);
      log.push(line);
      if (line.msg === 'listening') resolve(Number(String(line.address).split(':').pop()));
    });
    void exit.then(([code]) => reject(new Error(`exited with ${code}: ${JSON.stringify(log)}`)));
    child.once('error', reject);
    void exit.finally(() => clearTimeout(timer));
  });
  const request = (path: string, headers: Record<string, string> = {}) => fetchPage({ agent, port, path, headers });
  return {
    pid: child.pid!,
    port,
    log,
    get: request,
    getApart: (path, headers = {}) => fetchPage({ agent: new Agent(), port, path, headers }),
    scrape: async (headers) => parseExposition((await request('/metrics', headers)).body),
    async stop(sent = 'SIGTERM') {
      agent.destroy();
      child.kill(sent);
      const [code, signal] = await exit;
      return code ?? signal!;
    },
  };
}

/** Builds the program when it is stale; test files that run at the same time wait for each other. */
export function buildProgram(): void {
  const lock = openSync(PREPARE, 'r');
  const flock = koffi.load(null).func('int flock(int fd, int operation)');
  if (flock(lock, LOCK_EX) !== 0) throw new Error(`flock ${PREPARE} failed`);
  const { status, stderr } = spawnSync(process.execPath, [PREPARE, 'build'], { encoding: 'utf8' });
  closeSync(lock);
  if (status !== 0) throw new Error(`the program does not build: ${stderr}`);
}

function parseLogLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 'raw', msg: line }; // Node's own words before or after ours
  }
}

function fetchPage(request: { agent: Agent; port: number; path: string; headers: Record<string, string> }) {
  const startMs = performance.now();
  return new Promise<Answer>((resolve, reject) => {
    get({ host: '127.0.0.1', ...request }, async (response) => {
      try {
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: await text(response),
          milliseconds: performance.now() - startMs,
        });
      } catch (error) {
        reject(error);
      }
    }).on('error', reject);
  });
}
