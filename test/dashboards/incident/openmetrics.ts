import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { buildFamilies } from '../../../src/metrics/index.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { LINUX_BUILD, WINDOWS_BUILD } from '../../support/pages/snapshots.ts';
import { END_SECONDS, MINUTES } from './course.ts';
import { web1 } from './web-1.ts';
import { web2 } from './web-2.ts';
import { win1 } from './win-1.ts';

export const JOB = 'tcpstate';

const HOSTS = [
  { instance: 'web-1:10048', snapshot: web1, build: LINUX_BUILD },
  { instance: 'web-2:10048', snapshot: web2, build: LINUX_BUILD },
  { instance: 'win-1:10048', snapshot: win1, build: { ...WINDOWS_BUILD, version: '0.0.9' } },
] as const satisfies readonly { instance: string; snapshot: (minute: number) => Snapshot; build: object }[];

/** Minutes in which Prometheus could not scrape a host. */
const MISSED = new Map<string, readonly number[]>([['web-1:10048', [283, 301]]]);
/** Minute in which the exporter of a host was started again. */
const RESTARTED = new Map([['web-2:10048', 260]]);

/** Writes the pages of all hosts, minute by minute, as one text that promtool makes blocks of. */
export async function writeIncident(file: string): Promise<void> {
  const output = createWriteStream(file);
  for (let minute = 0; minute <= MINUTES; minute++) {
    const time = END_SECONDS - 60 * (MINUTES - minute);
    for (const host of HOSTS) output.write(pageOf(host, minute, time));
  }
  output.end('# EOF\n');
  await finished(output);
}

function pageOf({ instance, snapshot, build }: (typeof HOSTS)[number], minute: number, time: number): string {
  const target = `job="${JOB}",instance="${instance}"`;
  const missed = MISSED.get(instance)?.includes(minute) ?? false;
  if (missed) return `up{${target}} 0 ${time}\n`;
  const samples = buildFamilies(snapshot(minute), build).flatMap(({ name, labelNames, samples: own }) =>
    own.map(({ labels, value, suffix = '' }) => {
      const pairs = labels.map((label, index) => `${labelNames[index]}=${JSON.stringify(label)}`);
      return `${name}${suffix}{${[target, ...pairs].join(',')}} ${value} ${time}\n`;
    }),
  );
  const self = Object.entries({
    up: 1,
    scrape_samples_scraped: samples.length,
    ...processMetrics(instance, minute, time),
  }).map(([name, value]) => `${name}{${target}} ${value} ${time}\n`);
  return [...samples, ...self].join('');
}

/** What prom-client says of the exporter's process. */
function processMetrics(instance: string, minute: number, time: number) {
  const restarted = RESTARTED.get(instance) ?? Number.POSITIVE_INFINITY;
  const isNew = minute >= restarted;
  const started = END_SECONDS - (isNew ? 60 * (MINUTES - restarted) + 20 : 9 * 86_400);
  return {
    process_start_time_seconds: started,
    process_resident_memory_bytes:
      61_000_000 + (isNew ? 0 : 6_000_000) + 40_000 * Math.round(10 * Math.sin(minute / 9)),
    process_anonymous_memory_bytes: 36_000_000 + 20_000 * Math.round(10 * Math.sin(minute / 9)),
    process_cpu_seconds_total: (time - started) * 0.004,
  };
}
