import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMilliseconds, memoryOf } from '../process-usage.ts';
import { pathOf } from './command.ts';
import type { Reading, Tool } from './tool.ts';

/** Collections by one daemon, of which the mean counts. */
const COLLECTIONS = 3;
/** A collection of that many sockets may take a second. */
const SOCKETS_PER_SECOND = 250_000;

/** collectd with only its tcpconns plugin, which counts sockets by state and port. Undefined where it is not installed. */
export function collectdTool(sockets: number): Tool | undefined {
  const program = pathOf('collectd');
  if (program === undefined) return undefined;
  const seconds = 1 + Math.ceil(sockets / SOCKETS_PER_SECOND);
  return { name: 'collectd', collect: () => measure(program, seconds), stop: async () => {} };
}

/** collectd collects by itself: it runs for a few intervals, each of which is one collection. */
async function measure(program: string, seconds: number): Promise<Reading> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-bench-'));
  const config = join(folder, 'collectd.conf');
  writeFileSync(config, configure(resolve(dirname(program), '..'), folder, seconds));
  const child = spawn(program, ['-f', '-C', config], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  try {
    await delay(seconds * 1500); // half way between the second collection and the third
    if (child.exitCode !== null) throw new Error(`collectd ended with exit code ${child.exitCode}`);
    const cpuMs = cpuMilliseconds(child.pid!);
    await delay(COLLECTIONS * seconds * 1000);
    const spentMs = (cpuMilliseconds(child.pid!) - cpuMs) / COLLECTIONS;
    return { cpuMs: spentMs, peakRssMb: memoryOf(child.pid!).peak };
  } finally {
    child.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  }
}

function configure(prefix: string, folder: string, seconds: number): string {
  return `Hostname "bench"
FQDNLookup false
BaseDir "${folder}"
PIDFile "${folder}/pid"
TypesDB "${prefix}/share/collectd/types.db"
PluginDir "${prefix}/lib/collectd"
Interval ${seconds}
LoadPlugin tcpconns
<Plugin tcpconns>
  ListeningPorts true
  AllPortsSummary true
</Plugin>
`;
}
