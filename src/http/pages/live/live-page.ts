import type { LiveLook } from '../../../scrape/live.ts';
import type { Scraper } from '../../../scrape/scraper.ts';
import { type LivePlace, renderLivePage } from './page.ts';

export const HTML = 'text/html; charset=utf-8';

/** The live page, drawn once for all who get the same look. */
export function createLivePage(scraper: Scraper, place: LivePlace) {
  const drawn = new WeakMap<LiveLook, Map<boolean, string>>();

  return async (timeoutMs: number, isPaused: boolean) => {
    const look = await scraper.look(timeoutMs);
    const pages = drawn.get(look) ?? new Map<boolean, string>();
    drawn.set(look, pages);
    const body = pages.get(isPaused) ?? renderLivePage(look, scraper.notices(), place, isPaused);
    pages.set(isPaused, body);
    return { contentType: HTML, body };
  };
}
