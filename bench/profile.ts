// npm run bench:profile: where the exporter's CPU time goes. Scrapes it at a given number of sockets under node's CPU
// profiler and prints the functions of each thread by the time spent in them alone.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CpuProfile, selfTimes } from './cpu-profile.ts';
import { startExporter } from './exporter.ts';
import { formatTable } from './format.ts';
import { CHURN } from './measure-phase.ts';
import { enterBenchNamespace } from './namespace.ts';
import { compileNative } from './native.ts';
import { parseSize } from './options.ts';
import { MEASURED_STATES, OWNING_PROCESSES, phaseOf } from './phases.ts';
import { startFleet } from './socket-fleet.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '100k' },
    state: { type: 'string', default: 'established' },
    scrapes: { type: 'string', default: '20' },
    top: { type: 'string', default: '25' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'tcpstate-profile-'));
try {
  await scrapeUnderProfiler();
  for (const file of readdirSync(folder)) printProfile(join(folder, file));
} finally {
  rmSync(folder, { recursive: true });
}

async function scrapeUnderProfiler(): Promise<void> {
  const state = MEASURED_STATES.find((known) => known === values.state);
  if (state === undefined)
    throw new Error(`not a state that is measured: "${values.state}" (${MEASURED_STATES.join(', ')})`);
  const { sockets, peers } = phaseOf(state, parseSize(values.size));
  const programs = compileNative();
  enterBenchNamespace();
  const fleet = await startFleet(programs.sockets, {
    state,
    sockets,
    peers,
    processes: OWNING_PROCESSES,
    name: 'service',
  });
  const exporter = await startExporter({ nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${folder}`] });
  for (let scrape = 0; scrape < Number(values.scrapes); scrape++) {
    await exporter.client.scrape();
    await fleet.replace(CHURN);
  }
  await exporter.stop();
  await fleet.quit();
}

function printProfile(path: string): void {
  const { rows, busyMs } = selfTimes(JSON.parse(readFileSync(path, 'utf8')) as CpuProfile);
  const isCollector = rows.some(({ place }) => place.includes('/dist/tally/'));
  process.stdout.write(`\n${isCollector ? 'collector thread' : 'other thread'}: busy for ${busyMs.toFixed(0)} ms\n\n`);
  const cells = rows
    .slice(0, Number(values.top))
    .map(({ name, place, ms }) => [`${ms.toFixed(1)} ms`, `${((ms / busyMs) * 100).toFixed(1)} %`, name, place]);
  process.stdout.write(`${formatTable(['self', 'share', 'function', 'place'], cells)}\n`);
}
