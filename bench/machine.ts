import { execFileSync, spawnSync } from 'node:child_process';
import { arch, cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What the figures were measured on. */
export interface Machine {
  readonly date: string;
  /** Commit of the exporter; `+` where files differ from it. */
  readonly revision: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly tools: Readonly<Record<string, string>>;
}

const VERSIONS = {
  iproute2: ['ss', '-V'],
  'net-tools': ['netstat', '-V'],
  node_exporter: ['prometheus-node-exporter', '--version'],
  collectd: ['collectd', '-h'],
} as const;

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    revision: readRevision(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `${release()} ${arch()}`,
    node: process.versions.node,
    tools: Object.fromEntries(Object.entries(VERSIONS).flatMap(([name, command]) => readVersion(name, command))),
  };
}

function readVersion(name: string, [program, argument]: readonly [string, string]): [string, string][] {
  const { error, stdout, stderr } = spawnSync(program, [argument], { encoding: 'utf8' });
  const version = /\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0];
  return error !== undefined || version === undefined ? [] : [[name, version]];
}

function readRevision(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : '+');
  } catch {
    return 'unknown'; // not a clone
  }
}
