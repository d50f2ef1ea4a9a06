import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { type ImageRoot, mountCommands } from './image-root.ts';

/** CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (include/uapi/linux/capability.h). */
export const OWNER_CAPABILITIES = 2 ** 19 + 2 ** 2;
const START_MS = 20_000;

/** What a manifest asks of the runtime. */
export interface ContainerSpec {
  /** `docker` gives users other than root no permitted capabilities before their first program starts, `cri` does. */
  readonly runtime: 'docker' | 'cri';
  readonly uid: number;
  /** Mask of what is added after all others were dropped: up to 2^53. */
  readonly capabilities: number;
  readonly noNewPrivileges: boolean;
  readonly hostPid: boolean;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly pid: number;
  readonly log: readonly string[];
  scrape(): Promise<Map<string, ParsedFamily>>;
  /** Runs a program beside the exporter, as the same user: `docker exec`. */
  exec(command: readonly string[]): { readonly code: number | null; readonly said: string };
  /** SIGTERM; resolves with exit code or signal, and how long it took. */
  stop(): Promise<{ readonly code: number | string; readonly milliseconds: number }>;
}

/** Runs a program of the image to its end. */
export function runContainer(image: ImageRoot, spec: ContainerSpec) {
  const [program, ...args] = commandLine(image, spec);
  const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8', env: environmentOf(spec) });
  return { code: status, said: stdout + stderr };
}

/** Starts the exporter in a container that shares this thread's network, and stops it after the test. */
export async function startContainer(t: TestContext, image: ImageRoot, spec: ContainerSpec): Promise<Container> {
  const [program, ...args] = commandLine(image, spec);
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'], env: environmentOf(spec) });
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const log: string[] = [];
  const [pid, address] = await new Promise<[number, string]>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not listening after ${START_MS} ms`)), START_MS);
    createInterface(child.stderr).on('line', (line) => {
      log.push(line);
      const listening = /msg=listening address=\S*:(\d+)/.exec(line);
      if (listening !== null) resolve([exporterPid(child.pid!, spec), `127.0.0.1:${listening[1]}`]);
    });
    void exit.then(([code]) => reject(new Error(`ended with ${code}: ${log.join('\n')}`)));
    void exit.finally(() => clearTimeout(timer));
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL');
    await exit;
  });
  return {
    pid,
    log,
    scrape: async () => parseExposition(await fetchText(`http://${address}/metrics`)),
    exec(command) {
      const inside = ['-t', String(pid), '-m', '-p', '--', ...startLine(image, { ...spec, command })];
      const { status, stdout, stderr } = spawnSync('nsenter', inside, { encoding: 'utf8', env: environmentOf(spec) });
      return { code: status, said: stdout + stderr };
    },
    async stop() {
      const startMs = performance.now();
      process.kill(pid, 'SIGTERM');
      const [code, signal] = await exit;
      return { code: code ?? signal!, milliseconds: performance.now() - startMs };
    },
  };
}

/** With a pid namespace of its own the program is process 1 in it, as in a container without the host's. */
function commandLine(image: ImageRoot, spec: ContainerSpec): string[] {
  const namespaces = spec.hostPid ? ['-m'] : ['-m', '-p', '-f'];
  const script = `${mountCommands(image)} && exec "$@"`;
  return ['unshare', ...namespaces, 'sh', '-c', script, 'sh', ...startLine(image, spec)];
}

function startLine({ folder, starter }: ImageRoot, spec: ContainerSpec): string[] {
  const { uid, capabilities, runtime, noNewPrivileges, command } = spec;
  const permitted = uid === 0 || runtime === 'cri' ? capabilities : 0;
  const masks = [capabilities, permitted].map((mask) => mask.toString(16));
  return [starter, folder, String(uid), ...masks, noNewPrivileges ? 'yes' : 'no', ...command];
}

function environmentOf({ environment }: ContainerSpec): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', ...environment };
}

/** unshare -f stays outside of the new pid namespace and has one child; without -f it becomes the program. */
function exporterPid(pid: number, { hostPid }: ContainerSpec): number {
  if (hostPid) return pid;
  const { stdout } = spawnSync('cat', [`/proc/${pid}/task/${pid}/children`], { encoding: 'utf8' });
  return Number(stdout.trim());
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => text(response).then(resolve, reject)).on('error', reject);
  });
}
