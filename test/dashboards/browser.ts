import { existsSync, readFileSync } from 'node:fs';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { bundlePage } from './bundle.ts';
import type { Drawing, PanelReport } from './drawing.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

const ORIGIN = 'http://dashboards.invalid/';
const DOCUMENT = '<!doctype html><html><body style="margin:0"><div id="root"></div></body></html>';
const PACKAGES = new URL('node_modules/', import.meta.url);

/** Why the drawing does not run here, undefined where it does; in CI it must. */
export const SKIP_CHROMIUM: string | undefined =
  CHROMIUM !== undefined || process.env.CI === 'true' ? undefined : 'skipped: needs chromium';

export interface DrawingBoard {
  /** Draws a dashboard, and writes the picture as PNG: the whole, or as many pixels from its top. */
  draw(drawing: Drawing, file: string, pixels?: number): Promise<PanelReport[]>;
  close(): Promise<void>;
}

/** A browser with Grafana's components loaded. What they log as an error, and any exception, makes `draw` fail. */
export async function openDrawingBoard(): Promise<DrawingBoard> {
  if (CHROMIUM === undefined) throw new Error('there is no chromium');
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--force-color-profile=srgb'],
  });
  try {
    return await loadPage(browser);
  } catch (cause) {
    await browser.close();
    throw cause;
  }
}

async function loadPage(browser: Browser): Promise<DrawingBoard> {
  const page = await browser.newPage();
  const errors = collectErrors(page);
  const { script, style } = await bundlePage();
  await serve(page);
  await page.goto(ORIGIN);
  await page.addStyleTag({ content: style });
  await page.addScriptTag({ content: script });
  if (errors.length > 0) throw new Error(`the page did not load: ${errors.join('\n')}`);
  return {
    async draw(drawing, file, pixels) {
      errors.length = 0;
      await page.setViewport({ width: drawing.width, height: 1000 });
      await page.evaluate((one) => window.draw(one), drawing);
      const height = await page.evaluate(() => document.getElementById('root')!.firstElementChild!.scrollHeight);
      await page.setViewport({ width: drawing.width, height });
      await page.evaluate(() => document.fonts.ready.then(() => new Promise((resolve) => setTimeout(resolve, 500))));
      const clip = { x: 0, y: 0, width: drawing.width, height: Math.min(pixels ?? height, height) };
      await page.screenshot({ path: file as `${string}.png`, clip });
      if (errors.length > 0) throw new Error(`${drawing.title}: ${errors.join('\n')}`);
      return page.evaluate(() => window.report());
    },
    close: () => browser.close(),
  };
}

/** Answers every request of the page itself: the empty document, icons and fonts. Nothing leaves the machine. */
async function serve(page: Page): Promise<void> {
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname;
    const file = fileFor(path);
    if (path === '/') request.respond({ contentType: 'text/html', body: DOCUMENT });
    else if (file !== undefined) request.respond({ body: readFileSync(file), contentType: contentTypeOf(file) });
    else if (request.url().startsWith('data:')) request.continue();
    else if (path === '/favicon.ico') request.respond({ status: 204 });
    else request.respond({ status: 404 });
  });
}

/** Where a server of Grafana would find a file: icons come with the components, fonts are those of another package. */
function fileFor(path: string): URL | undefined {
  const font = /\/fonts\/\w+\/.*\.woff2$/.test(path);
  const weight = path.includes('Medium') ? 500 : 400;
  const name = font
    ? `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`
    : `@grafana/ui/dist/public/${path.replace(/^\/public\/(build\/)?/, '')}`;
  const file = new URL(name, PACKAGES);
  return path !== '/' && existsSync(file) ? file : undefined;
}

function contentTypeOf(file: URL): string {
  return file.pathname.endsWith('.svg') ? 'image/svg+xml' : 'font/woff2';
}

function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url ?? ''}`);
  });
  return errors;
}
