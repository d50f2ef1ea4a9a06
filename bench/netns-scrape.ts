// npm run bench:netns-scrape: a whole scrape beside 110 network namespaces with 100 sockets each, and one of as many sockets in a single namespace, in
// rounds that alternate. CPU time of all threads. Needs root.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  enterNetworkNamespace,
  type KeptNamespace,
  makeNetworkNamespace,
} from '../test/support/sockets/network-namespace.ts';
import { startExporter } from './exporter.ts';
import { formatTable } from './format.ts';
import { compileNative } from './native.ts';
import { cpuMilliseconds } from './process-usage.ts';
import { type SocketFleet, startFleet } from './socket-fleet.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    namespaces: { type: 'string', default: '110' },
    sockets: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    scrapes: { type: 'string', default: '40' },
  },
});
const [namespaces, sockets] = [Number(values.namespaces), Number(values.sockets)];
const WARM_UP = 20;
const PAUSE_MS = 100;
const FLEET = { state: 'established', name: 'service' };
const PER_PEER = 2.5;

type Inhabitant = Pick<SocketFleet, 'quit'>;

const { sockets: program } = compileNative();
const SITUATIONS = {
  'no other namespace, no socket': () => populate(0, 0),
  [`${namespaces} namespaces, no socket`]: () => populate(namespaces, 0),
  [`${namespaces} namespaces × ${sockets} sockets`]: () => populate(namespaces, sockets),
  [`one namespace × ${namespaces * sockets} sockets`]: () => fillOwn(namespaces * sockets, namespaces),
};

const costs = new Map<string, number[]>();
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, prepare] of Object.entries(SITUATIONS))
    costs.set(name, [...(costs.get(name) ?? []), await measure(prepare)]);
const rows = [...costs].map(([name, each]) => [
  name,
  ...[median(each), Math.min(...each), Math.max(...each)].map((ms) => ms.toFixed(1)),
]);
process.stdout.write(`${formatTable(['situation', 'CPU ms', 'least', 'most'], rows)}\n`);

/** Median of the scrapes that follow a warm-up. */
async function measure(prepare: () => Promise<() => Promise<void>>): Promise<number> {
  enterNetworkNamespace(); // with the host's table of connections, as its own namespace has it
  const undo = await prepare();
  const exporter = await startExporter();
  const spent: number[] = [];
  for (let scrape = 0; scrape < WARM_UP + Number(values.scrapes); scrape++) {
    const beforeMs = cpuMilliseconds(exporter.pid);
    await exporter.client.scrape();
    await delay(PAUSE_MS);
    if (scrape >= WARM_UP) spent.push(cpuMilliseconds(exporter.pid) - beforeMs);
  }
  await exporter.stop();
  await undo();
  return median(spent);
}

/** Namespaces with a process each, which holds so many sockets. */
async function populate(count: number, each: number): Promise<() => Promise<void>> {
  const made: { readonly namespace: KeptNamespace; readonly inhabitant: Inhabitant }[] = [];
  for (let index = 0; index < count; index++) {
    const namespace = makeNetworkNamespace();
    made.push({ namespace, inhabitant: await namespace.within(() => inhabit(each)) });
  }
  return async () => {
    for (const { namespace, inhabitant } of made) {
      await inhabitant.quit();
      namespace.close();
    }
  };
}

async function fillOwn(count: number, processes: number): Promise<() => Promise<void>> {
  const fleet = await startFleet(program, { ...FLEET, sockets: count, processes, peers: count / PER_PEER });
  return fleet.quit;
}

/** Starts its process before it returns: that is in the namespace of the caller. */
async function inhabit(sockets: number): Promise<Inhabitant> {
  if (sockets > 0) return startFleet(program, { ...FLEET, sockets, processes: 1, peers: sockets / PER_PEER });
  const process = spawn('sleep', ['600'], { stdio: 'ignore' });
  return { quit: async () => void process.kill('SIGKILL') };
}
