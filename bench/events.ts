// npm run bench:events: what connection events add to a scrape, of so many TIME_WAIT sockets that were all opened while the programs
// counted. Two exporters, with and without them, read the same sockets in turns, in a network namespace of their own each round; shown are the
// medians of the rounds, the least and the most.
import { parseArgs } from 'node:util';
import { type BenchExporter, PORT, startExporter } from './exporter.ts';
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
type Situation = keyof typeof SITUATIONS;

/** CPU time of all threads in milliseconds. */
interface Costs {
  readonly first: number;
  /** Median of the scrapes that follow, in which no socket changes. */
  readonly later: number;
}

const { sockets: program } = compileNative();
const costs = new Map<Situation, Costs[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  const names = Object.keys(SITUATIONS) as Situation[];
  for (const [name, each] of await measure(round % 2 === 0 ? names : names.reverse()))
    costs.set(name, [...(costs.get(name) ?? []), each]);
}
const rows = Object.keys(SITUATIONS).map((name) => {
  const each = costs.get(name as Situation)!;
  return [name, spread(each.map(({ first }) => first)), spread(each.map(({ later }) => later))];
});
const [without, withEvents] = Object.keys(SITUATIONS).map((name) => costs.get(name as Situation)!) as [
  Costs[],
  Costs[],
];
const added = (part: keyof Costs) => spread(withEvents.map((each, round) => each[part] - without[round]![part]));
rows.push(['added in a round', added('first'), added('later')]);
process.stdout.write(`${formatTable(['connection events', 'first scrape, CPU ms', 'later ones, CPU ms'], rows)}\n`);

/** `names`: in the order in which they scrape. */
async function measure(names: readonly Situation[]): Promise<Map<Situation, Costs>> {
  enterBenchNamespace();
  const exporters = new Map<Situation, BenchExporter>();
  for (const name of names)
    exporters.set(name, await startExporter({ options: SITUATIONS[name], port: PORT + exporters.size }));
  const fleet = await startFleet(program, {
    state: 'dialled',
    sockets: parseSize(values.size),
    peers: parseSize(values.peers),
    processes: PROCESSES,
    name: 'service',
  });
  const scrapes = new Map(names.map((name) => [name, [] as number[]]));
  for (let scrape = 0; scrape <= Number(values.scrapes); scrape++)
    for (const [name, exporter] of exporters) scrapes.get(name)!.push(await measureScrape(exporter));
  for (const exporter of exporters.values()) await exporter.stop();
  await fleet.quit();
  return new Map([...scrapes].map(([name, [first, ...later]]) => [name, { first: first!, later: median(later) }]));
}

async function measureScrape({ pid, client }: BenchExporter): Promise<number> {
  const beforeMs = cpuMilliseconds(pid);
  await client.scrape();
  return cpuMilliseconds(pid) - beforeMs;
}

function spread(all: readonly number[]): string {
  return `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)})`;
}
