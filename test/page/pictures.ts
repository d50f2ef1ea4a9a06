// Draws the pictures of docs/live-page.md and README.md. Run after a change that shows: npm run page:pictures
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderLivePage } from '../../src/http/pages/live/page.ts';
import type { LiveLook } from '../../src/scrape/live.ts';
import { LINUX_BUILD } from '../support/pages/snapshots.ts';
import { openBrowser, WINDOWS, type Window } from './browser.ts';
import { healthyLook, incidentLook } from './incident.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const PICTURES: readonly (readonly [file: string, look: LiveLook, window: Window])[] = [
  ['live-page.png', incidentLook(), { ...WINDOWS.desk, width: 1120 }],
  ['live-page-healthy.png', healthyLook(), { ...WINDOWS.night, width: 1120 }],
];

const browser = await openBrowser();
const place = { host: 'web-1', build: LINUX_BUILD, telemetryPath: '/metrics' };
for (const [file, look, window] of PICTURES) {
  const page = renderLivePage(look, [], place, false);
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await browser.visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, window, join(DOCS, file));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
await browser.close();
const files = PICTURES.map(([file]) => join(DOCS, file));
const { error } = spawnSync('pngquant', ['--force', '--strip', '--quality=80-95', '--ext=.png', ...files]);
if (error !== undefined)
  process.stderr.write('the pictures would be a third of their size with pngquant (apt-get install pngquant)\n');
