import type { RunningExporter } from '../programs/running-exporter.ts';

type Page = Awaited<ReturnType<RunningExporter['scrape']>>;

/** Sums of a metric by one of its labels, of the samples that have these labels. */
export function sumBy(page: Page, metric: string, label: string, having: Readonly<Record<string, string>> = {}) {
  const sums: Record<string, number> = {};
  for (const { labels, value } of page.get(metric)?.samples ?? []) {
    if (value === 0 || !Object.entries(having).every(([name, text]) => labels[name] === text)) continue;
    sums[labels[label]!] = (sums[labels[label]!] ?? 0) + value;
  }
  return sums;
}

/** Waits for the exporter to be ready: only then it counts. */
export async function waitUntilReady(exporter: RunningExporter): Promise<void> {
  for (let tries = 0; (await exporter.get('/-/ready')).status !== 200; tries++) {
    if (tries > 1000) throw new Error('the exporter does not get ready');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Pages without a change: what waits for the name of a listener comes within five scrapes. */
const AT_REST = 6;
const COUNTERS = /^tcpstate_(connects|connect_failures|connections_accepted|connections_closed)_total$/;

/**
 * A page on which the counters of processes whose names begin with `prefix` have come to rest: each is 0 on its first page, and a scrape may
 * take longer than it may on a loaded machine.
 */
export async function scrapeAtRest(exporter: RunningExporter, prefix: string): Promise<Page> {
  let last = '';
  let same = 0;
  for (let tries = 0; tries < 300; tries++) {
    const page = await exporter.scrape();
    const samples = [...page.values()].flatMap((family) => (COUNTERS.test(family.name) ? family.samples : []));
    const own = samples.filter(({ labels }) => labels.process!.startsWith(prefix));
    const now = own.length === 0 || own.some(({ value }) => value === 0) ? '' : JSON.stringify(own);
    same = now !== '' && now === last ? same + 1 : 0;
    if (same >= AT_REST && isWhole(page)) return page;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the counters do not come to rest');
}

/** Whether every collector succeeded. */
function isWhole(page: Page): boolean {
  return page.get('tcpstate_scrape_collector_success')!.samples.every(({ value }) => value === 1);
}
