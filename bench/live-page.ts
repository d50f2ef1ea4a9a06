// npm run bench:page: what the live page costs, on a host with so many sockets that is scraped every second: switched off, on
// with nobody watching, and watched by one browser. In turns; shown are the
// median of the rounds, the least and the most.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BUILT_PROGRAM } from '../test/support/programs/running-exporter.ts';
import { formatTable } from './format.ts';
import { createClient } from './http-client.ts';
import { enterBenchNamespace } from './namespace.ts';
import { compileNative } from './native.ts';
import { parseSize } from './options.ts';
import { cpuMilliseconds, memoryOf } from './process-usage.ts';
import { startEstablished } from './socket-fleet.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '10k' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '40' },
  },
});
const PORT = 10048;
const WARM_UP_SCRAPES = 20;
const SECONDS_BETWEEN_VIEWS = 5;
const SITUATIONS = {
  off: { args: ['--no-web.live-page'], isWatched: false },
  'on, nobody watches': { args: [], isWatched: false },
  'on, one browser': { args: [], isWatched: true },
} as const;

interface Costs {
  readonly cpuMs: number;
  readonly anonymousMb: number;
  readonly residentMb: number;
}

const programs = compileNative();
enterBenchNamespace();
const fleet = await startEstablished(programs.sockets, parseSize(values.size));
const costs = new Map<string, Costs[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, { args, isWatched }] of Object.entries(SITUATIONS))
    costs.set(name, [...(costs.get(name) ?? []), await measure(args, isWatched)]);
}
await fleet.quit();
const rows = [...costs].map(([name, each]) => {
  const spread = (read: (costs: Costs) => number) => {
    const all = each.map(read);
    return `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)})`;
  };
  return [name, spread(({ cpuMs }) => cpuMs), spread((one) => one.anonymousMb), spread((one) => one.residentMb)];
});
process.stdout.write(`${formatTable(['live page', 'CPU ms per second', 'anonymous MB', 'resident MB'], rows)}\n`);

async function measure(args: readonly string[], isWatched: boolean): Promise<Costs> {
  const listening = `--web.listen-address=127.0.0.1:${PORT}`;
  const child = spawn(process.execPath, [BUILT_PROGRAM, listening, '--log.level=warn', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  const client = createClient(PORT);
  try {
    await client.waitUntilReady('/-/ready', () => child.exitCode);
    for (let scrape = 0; scrape < WARM_UP_SCRAPES; scrape++) await client.scrape();
    const beforeMs = cpuMilliseconds(child.pid!);
    const seconds = Number(values.seconds);
    for (let second = 0; second < seconds; second++) {
      const next = delay(1000);
      await client.scrape();
      if (isWatched && second % SECONDS_BETWEEN_VIEWS === 0) await view();
      await next;
    }
    const { now, anonymous } = memoryOf(child.pid!);
    const cpuMs = (cpuMilliseconds(child.pid!) - beforeMs) / seconds;
    return { cpuMs, anonymousMb: anonymous, residentMb: now };
  } finally {
    client.close();
    child.kill('SIGTERM');
    await exit;
  }
}

/** As a browser asks; the page must be there, or nothing was measured. */
async function view(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${PORT}/`, { headers: { accept: 'text/html' } });
  if (!(await response.text()).includes('http-equiv="refresh"')) throw new Error('this is not the live page');
}
