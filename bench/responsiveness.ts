import { setTimeout as delay } from 'node:timers/promises';
import type { BenchExporter } from './exporter.ts';
import { percentile } from './statistics.ts';

/** How the exporter answers others while it is scraped, in milliseconds. */
export interface Responsiveness {
  readonly scrapes: number;
  /** Between two ticks of a 1 ms timer on its main thread. */
  readonly eventLoop: Tail;
  /** Answers of `/-/healthy`. */
  readonly healthy: Tail;
}

/** The end of a distribution. */
export interface Tail {
  readonly count: number;
  readonly p99: number;
  readonly max: number;
}

const PING_EVERY_MS = 5;
const ENOUGH_PINGS = 500;
const LEAST_SCRAPES = 3;
const MOST_SCRAPES = 10;

/** Scrapes, asking for `/-/healthy` every few milliseconds meanwhile. `renew` changes the sockets between scrapes. */
export async function measureResponsiveness(
  exporter: BenchExporter,
  renew: () => Promise<void>,
): Promise<Responsiveness> {
  const delays: number[] = [];
  const latencies: number[] = [];
  let scrapes = 0;
  while (scrapes < LEAST_SCRAPES || (scrapes < MOST_SCRAPES && latencies.length < ENOUGH_PINGS)) {
    await renew();
    delays.push(
      ...(await exporter.eventLoopDelaysDuring(async () => {
        latencies.push(...(await pingDuringScrape(exporter)));
      })),
    );
    scrapes++;
  }
  return { scrapes, eventLoop: tailOf(delays), healthy: tailOf(latencies) };
}

/** Pings leave on time, whether or not the one before was answered. */
async function pingDuringScrape({ client }: BenchExporter): Promise<number[]> {
  const pings: Promise<number>[] = [];
  let isUnderWay = true;
  const scrape = client.scrape().finally(() => {
    isUnderWay = false;
  });
  while (isUnderWay) {
    pings.push(ping(client));
    await delay(PING_EVERY_MS);
  }
  await scrape;
  return Promise.all(pings);
}

async function ping(client: BenchExporter['client']): Promise<number> {
  const { status, milliseconds } = await client.get('/-/healthy');
  if (status !== 200) throw new Error(`/-/healthy answered ${status}`);
  return milliseconds;
}

function tailOf(values: readonly number[]): Tail {
  return { count: values.length, p99: percentile(values, 0.99), max: Math.max(...values) };
}
