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

/** A counter that is new is 0 on its first page. */
export async function scrapeTwice(exporter: RunningExporter): Promise<Page> {
  await exporter.scrape();
  return exporter.scrape();
}
