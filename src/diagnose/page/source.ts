import type { Config } from '../../config/config.ts';
import type { Source } from '../source.ts';
import { snapshotOf } from './page-snapshot.ts';
import { parsePage } from './parse-page.ts';
import { type PageOptions, readPage } from './read-page.ts';

type Options = Omit<PageOptions, 'timeoutMs'> & { readonly config: Pick<Config, 'scrapeTimeoutMs'> };

/** Looks by way of another exporter's page. */
export async function openPage(url: URL, { config, ...options }: Options): Promise<Source> {
  const { caFile, insecure, user, passwordFile } = options;
  const leaving = new AbortController();
  return {
    place: url.host,
    notes: [`by the page ${url.href}`],
    async look() {
      const timeoutMs = config.scrapeTimeoutMs;
      const left = leaving.signal;
      const text = await readPage(url, { caFile, insecure, user, passwordFile, timeoutMs, left });
      return { snapshot: snapshotOf(parsePage(text)), atMs: performance.now() };
    },
    close: () => leaving.abort(),
  };
}
