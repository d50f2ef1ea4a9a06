import { setTimeout as delay } from 'node:timers/promises';
import { type HttpClient, pageText, type Response } from '../http-client.ts';
import { cpuMilliseconds, mainThreadMilliseconds, memoryOf } from '../process-usage.ts';
import type { Reading } from './tool.ts';

/** What a scrape leaves behind (collecting garbage, freeing memory) is paid within this time. */
const SETTLE_MS = 200;
const IDLE_MS = 1000;
const IDLE_WINDOWS = 3;

/** A server that is scraped. */
export interface Server {
  readonly pid: number;
  readonly client: HttpClient;
}

/** CPU milliseconds per millisecond that a server needs when nobody asks it for anything. */
export async function measureIdle({ pid }: Server): Promise<number> {
  const rates: number[] = [];
  for (let window = 0; window < IDLE_WINDOWS; window++) {
    const [cpuMs, startMs] = [cpuMilliseconds(pid), performance.now()];
    await delay(IDLE_MS);
    rates.push((cpuMilliseconds(pid) - cpuMs) / (performance.now() - startMs));
  }
  return Math.min(...rates);
}

/** What one scrape costs the server, in the mean of `scrapes`, and the last answer. `idleRate`: see `measureIdle`. */
export async function measureScrapes(
  { pid, client }: Server,
  idleRate: number,
  scrapes: number,
): Promise<{ reading: Reading; response: Response }> {
  const [cpuMs, mainMs, startMs] = [cpuMilliseconds(pid), mainThreadMilliseconds(pid), performance.now()];
  let wallMs = 0;
  let response = await client.scrape();
  wallMs += response.milliseconds;
  await delay(SETTLE_MS);
  for (let scrape = 1; scrape < scrapes; scrape++) {
    response = await client.scrape();
    wallMs += response.milliseconds;
    await delay(SETTLE_MS);
  }
  const idleMs = idleRate * (performance.now() - startMs);
  const memory = memoryOf(pid);
  const reading: Reading = {
    cpuMs: (cpuMilliseconds(pid) - cpuMs - idleMs) / scrapes,
    mainThreadMs: (mainThreadMilliseconds(pid) - mainMs) / scrapes,
    wallMs: wallMs / scrapes,
    peakRssMb: memory.peak,
    anonymousMb: memory.anonymous,
    pageBytes: Buffer.byteLength(pageText(response)),
    sentBytes: response.body.length,
  };
  return { reading, response };
}
