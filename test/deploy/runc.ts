import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { run } from './tools.ts';

const START_MS = 60_000;

/** How a runtime is asked to start an image, beside what the image says. */
export interface RuncSpec {
  /** `docker` gives users other than root no permitted capabilities before their first program starts, `cri` does. */
  readonly runtime: 'docker' | 'cri';
  /** As Kubernetes writes them: SYS_PTRACE. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly hostPid: boolean;
  /** In place of the image's entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

export interface RuncContainer {
  scrape(): Promise<Map<string, ParsedFamily>>;
  /** Runs a program beside the exporter: `docker exec`. */
  exec(command: readonly string[]): { readonly code: number | null; readonly said: string };
  /** A line of /proc/PID/status of the first program. */
  status(field: string): string;
  stop(): Promise<number | null>;
}

/** The parts of a runtime's config.json that are changed: https://github.com/opencontainers/runtime-spec */
interface RuntimeConfig {
  readonly process: {
    terminal: boolean;
    args: readonly string[];
    capabilities: Readonly<Record<string, readonly string[]>>;
    noNewPrivileges: boolean;
  };
  readonly root: { readonly: boolean };
  readonly linux: { namespaces: readonly { readonly type: string }[]; resources?: object };
  mounts: readonly { readonly destination: string }[];
}

/** Unpacks one image of a layout by umoci, as root: files with their capabilities, and config.json out of the image's configuration. */
export function unpackImage(layout: string, name: string, bundle: string): void {
  run('umoci', ['unpack', '--image', `${layout}:${name}`, bundle]);
}

/** Starts the bundle by runc, which Docker, containerd and CRI-O use as well, in the network of this thread; stops it after the test. */
export async function startByRunc(t: TestContext, bundle: string, spec: RuncSpec): Promise<RuncContainer> {
  configure(join(bundle, 'config.json'), spec);
  const id = `tcpstate-test-${process.pid}-${performance.now().toString(36).replace('.', '')}`;
  const child = spawn('runc', ['run', '--bundle', bundle, id], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  t.after(async () => {
    spawnSync('runc', ['delete', '--force', id]);
    await exit;
  });
  const port = await new Promise<string>((resolve, reject) => {
    const log: string[] = [];
    const timer = setTimeout(
      () => reject(new Error(`not listening after ${START_MS} ms: ${log.join('\n')}`)),
      START_MS,
    );
    createInterface(child.stderr).on('line', (line) => {
      log.push(line);
      const listening = /msg=listening address=\S*:(\d+)/.exec(line);
      if (listening !== null) resolve(listening[1]!);
    });
    void exit.then(([code]) => reject(new Error(`ended with ${code}: ${log.join('\n')}`)));
    void exit.finally(() => clearTimeout(timer));
  });
  const { pid } = JSON.parse(run('runc', ['state', id])) as { pid: number };
  return {
    async scrape() {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
      return parseExposition(await response.text());
    },
    exec(command) {
      const { status, stdout, stderr } = spawnSync('runc', ['exec', id, ...command], { encoding: 'utf8' });
      return { code: status, said: stdout + stderr };
    },
    status: (field) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!,
    async stop() {
      run('runc', ['kill', id, 'TERM']);
      const [code] = await exit;
      return code;
    },
  };
}

function configure(file: string, spec: RuncSpec): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as RuntimeConfig;
  const names = spec.capabilities.map((name) => `CAP_${name}`);
  const held = spec.runtime === 'cri' ? names : [];
  config.process.terminal = false;
  config.process.args = [...(spec.command ?? config.process.args), ...(spec.args ?? [])];
  config.process.capabilities = { bounding: names, permitted: held, effective: held, inheritable: [], ambient: [] };
  config.process.noNewPrivileges = spec.noNewPrivileges;
  config.root.readonly = true;
  const shared = ['network', ...(spec.hostPid ? ['pid'] : [])];
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => !shared.includes(type));
  delete config.linux.resources; // limits, which would take a cgroup to be writable
  const kept = config.mounts.filter(({ destination }) => !/^\/sys|mqueue/.test(destination));
  const cgroup = {
    destination: '/host/sys/fs/cgroup',
    type: 'none',
    source: '/sys/fs/cgroup',
    options: ['rbind', 'ro'],
  };
  config.mounts = [...kept, cgroup];
  writeFileSync(file, JSON.stringify(config));
}
