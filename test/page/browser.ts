import { existsSync } from 'node:fs';
import puppeteer, { type Page } from 'puppeteer-core';
import { type Measured, measure } from './measure.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Why there is no browser here, undefined where there is one; in CI there must be. */
export const SKIP_CHROMIUM: string | undefined =
  CHROMIUM !== undefined || process.env.CI === 'true' ? undefined : 'skipped: needs chromium';

/** How somebody looks at a page. */
export interface Window {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

export const WINDOWS = {
  desk: { width: 1280, scheme: 'light' },
  night: { width: 1280, scheme: 'dark' },
  phone: { width: 380, scheme: 'light' },
  'phone-night': { width: 380, scheme: 'dark' },
} as const satisfies Readonly<Record<string, Window>>;

export interface Visit extends Measured {
  /** Errors on the console, exceptions, and what a policy has refused. */
  readonly errors: readonly string[];
  /** What the browser asked for. */
  readonly requests: readonly string[];
  readonly milliseconds: number;
}

export interface Browser {
  /** Opens a page and takes a picture of it (PNG). */
  visit(url: string, window: Window, picture?: string): Promise<Visit>;
  /** A page to do more with, and what went wrong on it so far. */
  open(): Promise<{ readonly page: Page; readonly errors: readonly string[] }>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('there is no chromium');
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--force-color-profile=srgb'],
    protocolTimeout: 120_000,
  });
  return { visit, open, close: () => browser.close() };

  async function open() {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    return { page, errors: collectErrors(page) };
  }

  async function visit(url: string, { width, scheme }: Window, picture?: string): Promise<Visit> {
    const { page, errors } = await open();
    try {
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.setViewport({ width, height: 900, deviceScaleFactor: width < 500 ? 2 : 1 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      const startMs = performance.now();
      await page.goto(url, { waitUntil: 'load' });
      const milliseconds = performance.now() - startMs;
      const measured = await page.evaluate(measure);
      if (picture !== undefined) await page.screenshot({ path: picture as `${string}.png`, fullPage: true });
      return { ...measured, errors, requests, milliseconds };
    } finally {
      await page.close();
    }
  }
}

function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('requestfailed', (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) errors.push(message.text());
  });
  return errors;
}
