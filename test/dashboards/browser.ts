import { existsSync } from 'node:fs';
import puppeteer, { type Page } from 'puppeteer-core';
import { bundlePage } from './bundle.ts';
import type { Drawing, PanelReport } from './drawing.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Why the drawing does not run here, undefined where it does; in CI it must. */
export const SKIP_CHROMIUM: string | undefined =
  CHROMIUM !== undefined || process.env.CI === 'true' ? undefined : 'skipped: needs chromium';

export interface DrawingBoard {
  /** Draws a dashboard, and writes the picture as PNG. */
  draw(drawing: Drawing, file: string): Promise<PanelReport[]>;
  close(): Promise<void>;
}

/** A browser with Grafana's components loaded. What they log as an error, and any exception, makes `draw` fail. */
export async function openDrawingBoard(): Promise<DrawingBoard> {
  if (CHROMIUM === undefined) throw new Error('there is no chromium');
  const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--force-color-profile=srgb'] });
  const page = await browser.newPage();
  const errors = collectErrors(page);
  const { script, style } = await bundlePage();
  await page.setContent('<!doctype html><html><body style="margin:0"><div id="root"></div></body></html>');
  await page.addStyleTag({ content: style });
  await page.addScriptTag({ content: script });
  return {
    async draw(drawing, file) {
      errors.length = 0;
      await page.setViewport({ width: drawing.width, height: 1000 });
      await page.evaluate((one) => window.draw(one), drawing);
      const height = await page.evaluate(() => document.getElementById('root')!.firstElementChild!.scrollHeight);
      await page.setViewport({ width: drawing.width, height });
      await page.evaluate(() => document.fonts.ready.then(() => new Promise((resolve) => setTimeout(resolve, 500))));
      await page.screenshot({ path: file as `${string}.png` });
      if (errors.length > 0) throw new Error(`${drawing.title}: ${errors.join('\n')}`);
      return page.evaluate(() => window.report());
    },
    close: () => browser.close(),
  };
}

function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}
