// npm run soak: the exporter is scraped every second while sockets, processes and listeners come and go, for ten minutes
// or as long as --minutes or --seconds say. Ends with `N passed, N failed`. Needs what the benchmark needs.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BenchExporter, startExporter } from './exporter.ts';
import { enterBenchNamespace } from './namespace.ts';
import { compileNative } from './native.ts';
import { checkAttribution } from './soak/attribution.ts';
import { startChurn } from './soak/churn.ts';
import { type Observation, observe } from './soak/observe.ts';
import { type Check, judgeSoak, report } from './soak/verdict.ts';

const SCRAPE_EVERY_MS = 1000;
/** Sockets of new processes are found at the second scrape at the latest, unless there are very many. */
const LAST_SCRAPES = 5;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seconds: { type: 'string' } } });
const seconds = Number(values.seconds ?? Number(values.minutes) * 60);
if (!(seconds >= 10))
  throw new Error(`not a time that tells anything: ${values.seconds ?? values.minutes} (10 seconds at least)`);
report(await soak());

async function soak(): Promise<Check[]> {
  const programs = compileNative();
  enterBenchNamespace();
  const exporter = await startExporter();
  try {
    const churn = await startChurn(programs);
    const observations = await scrapeEverySecond(exporter, seconds);
    const changes = await churn.settle();
    await scrapeEverySecond(exporter, LAST_SCRAPES);
    const attribution = await checkAttribution(exporter);
    await churn.quit();
    return [...judgeSoak(observations, changes), attribution];
  } finally {
    await exporter.stop();
  }
}

async function scrapeEverySecond(exporter: BenchExporter, wanted: number): Promise<Observation[]> {
  const observations: Observation[] = [];
  const startMs = performance.now();
  for (let tick = 0; performance.now() - startMs < wanted * 1000; tick++) {
    await delay(Math.max(0, startMs + tick * SCRAPE_EVERY_MS - performance.now()));
    observations.push(await observe(exporter));
  }
  return observations;
}
