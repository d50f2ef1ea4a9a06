import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createNodeScripts } from '../support/programs/node-scripts.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { sumBy, waitUntilReady } from '../support/sockets/event-pages.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { inGroup, makeGroups, missingCgroups } from '../support/sockets/own-cgroups.ts';

const MOST_POLLS = 300;
const TIMES = 20;
/** Other tests make connections at the same time, and the programs see every namespace. */
const RUN = Math.random().toString(36).slice(2, 6).padEnd(4, '0');
const RULES = `processes:
  - {script: "${RUN}-{app}.mjs", name: "${RUN} {app}"}
`;

const skip = enterNetworkNamespace() ?? missingCgroups() ?? missingBpf() ?? false;

test("connection events have the name that sockets have, and the kernel's where two programs cannot be told apart", {
  skip,
}, async (t) => {
  const { start, write } = createNodeScripts(t);
  const group = makeGroups(t, `poll-${RUN}`, `sync-${RUN}`, `both-${RUN}`);
  const exporter = await startExporter(t, {
    args: [`--config.file=${write('names.yml', RULES)}`, '--collector.connection_events'],
  });
  await waitUntilReady(exporter);
  await exporter.scrape();
  const port = await start(`${RUN}-shop.mjs`, []);
  const client = [`--connect=${port}`, `--times=${TIMES}`];
  for (const name of ['poll', 'sync']) await start(`${RUN}-${name}.mjs`, client, inGroup(group(`${name}-${RUN}`)));

  const named = { [`${RUN} poll`]: TIMES, [`${RUN} sync`]: TIMES };
  const page = await scrapeUntil(exporter, (each) => total(connects(each, port)) === 2 * TIMES);
  assert.deepEqual(connects(page, port), named);
  const waiting = sumBy(page, 'tcpstate_process_sockets', 'process', { state: 'time_wait' });
  for (const [name, times] of Object.entries(named)) assert.equal(waiting[name], times, JSON.stringify(waiting));

  for (const name of ['one', 'two']) await start(`${RUN}-${name}.mjs`, client, inGroup(group(`both-${RUN}`)));
  const both = await scrapeUntil(exporter, (each) => total(connects(each, port)) === 4 * TIMES);
  const { node, [`${RUN} one`]: first = 0, ...others } = connects(both, port);
  assert.equal(node! + first, 2 * TIMES, 'as long as only the first one was there, the name was known');
  assert.deepEqual(others, named);
});

type Page = Awaited<ReturnType<RunningExporter['scrape']>>;

function connects(page: Page, port: number): Record<string, number> {
  return sumBy(page, 'tcpstate_connects_total', 'process', { remote_port: String(port) });
}

function total(sums: Record<string, number>): number {
  return Object.values(sums).reduce((sum, number) => sum + number, 0);
}

/** What an event says may come a scrape after what made it. */
async function scrapeUntil(exporter: RunningExporter, isThere: (page: Page) => boolean): Promise<Page> {
  for (let poll = 0; poll < MOST_POLLS; poll++) {
    const page = await exporter.scrape();
    if (isThere(page)) return page;
    await delay(50);
  }
  assert.fail(JSON.stringify(exporter.log));
}
