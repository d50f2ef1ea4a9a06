// npm run bench:events: what connection events add to a scrape, of so many TIME_WAIT sockets that were all opened while the programs
// counted. In turns, each in a network namespace of its own; shown are the medians of the rounds, the least and the most.
import { parseArgs } from 'node:util';
import { startExporter } from './exporter.ts';
import { formatTable } from './format.ts';
import { enterBenchNamespace } from './namespace.ts';
import { compileNative } from './native.ts';
import { parseSize } from './options.ts';
import { cpuMilliseconds } from './process-usage.ts';
import { startFleet } from './socket-fleet.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '100k' },
    peers: { type: 'string', default: '10k' },
    rounds: { type: 'string', default: '3' },
    scrapes: { type: 'string', default: '20' },
  },
});
const PROCESSES = 10;
const SITUATIONS = { without: [], 'with events': ['--collector.connection_events'] } as const;

/** CPU time of all threads in milliseconds. */
interface Costs {
  readonly first: number;
  /** Median of the scrapes that follow, in which no socket changes. */
  readonly later: number;
}

const { sockets: program } = compileNative();
const costs = new Map<string, Costs[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, options] of Object.entries(SITUATIONS))
    costs.set(name, [...(costs.get(name) ?? []), await measure(options)]);
}
const rows = [...costs].map(([name, each]) => [
  name,
  spread(each.map(({ first }) => first)),
  spread(each.map(({ later }) => later)),
]);
process.stdout.write(`${formatTable(['connection events', 'first scrape, CPU ms', 'later ones, CPU ms'], rows)}\n`);

async function measure(options: readonly string[]): Promise<Costs> {
  enterBenchNamespace();
  const exporter = await startExporter({ options });
  const sockets = parseSize(values.size);
  const peers = parseSize(values.peers);
  const fleet = await startFleet(program, {
    state: 'dialled',
    sockets,
    peers,
    processes: PROCESSES,
    name: 'service',
  });
  const first = await measureScrape();
  const later: number[] = [];
  for (let scrape = 0; scrape < Number(values.scrapes); scrape++) later.push(await measureScrape());
  await exporter.stop();
  await fleet.quit();
  return { first, later: median(later) };

  async function measureScrape(): Promise<number> {
    const beforeMs = cpuMilliseconds(exporter.pid);
    await exporter.client.scrape();
    return cpuMilliseconds(exporter.pid) - beforeMs;
  }
}

function spread(all: readonly number[]): string {
  return `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)})`;
}
