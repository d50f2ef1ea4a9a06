import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fetchFrom } from '../support/http/guarded-server.ts';
import type { RunningExporter } from '../support/programs/running-exporter.ts';

/** Longest time that a scrape of somebody else may take: what Prometheus waits by default. */
const LONGEST_MS = 10_000;
const MOST_MEGABYTES = 200;
const MOST_LINES = 20;
const MOST_SPARE_DESCRIPTORS = 30;

export interface Bystander {
  /** Scrapes, and asks for health, as somebody who has nothing to do with the attack; from its address as well if `same`. */
  expectService(options?: { readonly same?: boolean; readonly headers?: Record<string, string> }): Promise<void>;
  /** The attack is over: nothing of it is left, and the log has stayed short. */
  expectNoTraces(): Promise<void>;
}

/** Watches an exporter that was not attacked yet. `ca`: it speaks TLS. */
export function watchExporter({ pid, port, log }: RunningExporter, ca?: string): Bystander {
  const before = { megabytes: residentMegabytes(pid), descriptors: countDescriptors(pid) };
  return { expectService, expectNoTraces };

  async function expectService({ same = false, headers = {} } = {}): Promise<void> {
    for (const localAddress of same ? ['127.0.0.2', '127.0.0.1'] : ['127.0.0.2']) {
      for (const path of ['/metrics', '/-/healthy']) {
        const startMs = performance.now();
        const reply = await fetchFrom(port, { path, localAddress, headers, ...(ca !== undefined && { ca }) });
        assert.equal(reply.status, 200, `${path} from ${localAddress}: ${reply.status}`);
        const ms = performance.now() - startMs;
        assert.ok(ms < LONGEST_MS, `${path} from ${localAddress} took ${ms} ms`);
        if (path === '/metrics') assert.doesNotMatch(reply.body, /^tcpstate_scrape_collector_success.* 0$/m);
      }
    }
    const grown = residentMegabytes(pid) - before.megabytes;
    assert.ok(grown < MOST_MEGABYTES, `the exporter has grown by ${grown} MB`);
  }

  async function expectNoTraces(): Promise<void> {
    const limit = before.descriptors + MOST_SPARE_DESCRIPTORS;
    for (let turn = 0; turn < 250 && countDescriptors(pid) > limit; turn++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(countDescriptors(pid) <= limit, `${countDescriptors(pid)} descriptors, ${before.descriptors} before`);
    await expectService();
    const lines = log.map(({ level, msg }) => `${level} ${msg}`);
    assert.ok(lines.length < MOST_LINES, lines.join('\n'));
    assert.deepEqual(
      lines.filter((line) => /^(error|fatal|raw)/.test(line)),
      [],
    );
  }
}

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
