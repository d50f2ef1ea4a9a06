// npm run soak:pods: the exporter reads the sockets of pods that come and go, by the walk in the kernel, every second for ten minutes or as long as
// --minutes or --seconds say. Every page must have the right sums, every pod its sockets under its own name, and nothing of a pod that has ended.
// Ends with `N passed, N failed`. Needs root, CAP_BPF, cgroup2 and gcc.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { enterNetworkNamespace } from '../test/support/sockets/network-namespace.ts';
import { type BenchExporter, startExporter } from './exporter.ts';
import { type Observation, observe } from './soak/observe.ts';
import { PODS, type Pods, startPods } from './soak/pods.ts';
import { judgeObservations, report } from './soak/verdict.ts';

const SCRAPE_EVERY_MS = 1000;
/** Pods that must have come after the first ones, for the pages to have shown any of it. */
const LEAST_CAME = 5;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seconds: { type: 'string' } } });
const seconds = Number(values.seconds ?? Number(values.minutes) * 60);
if (!(seconds >= 10))
  throw new Error(`not a time that tells anything: ${values.seconds ?? values.minutes} (10 seconds at least)`);

const refusal = enterNetworkNamespace();
if (refusal !== undefined) throw new Error(refusal);
const pods = await startPods();
try {
  const options = ['--collector.sockets.source=bpf', `--path.kubelet-logs=${pods.logs}`];
  const exporter = await startExporter({ options });
  try {
    const observations = await scrapeEverySecond(exporter, pods);
    const { came, went, judged } = await pods.quit();
    const detail = `${came} pods came, ${went} went; ${judged} times one was found with its sockets, container and process`;
    const passed = came >= PODS + LEAST_CAME && judged > observations.length;
    const [first, last] = [observations[0]!.rssMb, observations.at(-1)!.rssMb];
    process.stdout.write(
      `RSS ${first.toFixed(1)} MB after the first scrape, ${last.toFixed(1)} MB after the last one\n`,
    );
    report(judgeObservations(observations, { name: 'pods came and went', passed, detail }));
  } finally {
    await exporter.stop();
  }
} finally {
  await pods.quit();
}

async function scrapeEverySecond(exporter: BenchExporter, { begin, findWrong, signal }: Pods): Promise<Observation[]> {
  const observations: Observation[] = [];
  const startMs = performance.now();
  for (let tick = 0; performance.now() - startMs < seconds * 1000 && !signal.aborted; tick++) {
    await delay(Math.max(0, startMs + tick * SCRAPE_EVERY_MS - performance.now()));
    begin();
    observations.push(await observe(exporter, findWrong));
  }
  return observations;
}
