// Draws the pictures of the README into docs/. Run after a change that shows: node --import tsx test/dashboards/pictures.ts
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDrawingBoard } from './browser.ts';
import { startIncident } from './incident/index.ts';
import { askView, VIEWS, type View } from './views.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
/** File → what of it: the top says enough, and pictures stay small. Pixels. */
const PICTURES: readonly (readonly [file: string, view: View, height: number])[] = [
  ['dashboard-triage.png', VIEWS.triage, 1256],
  ['dashboard-host.png', VIEWS.portsHost, 1224],
  ['dashboard-fleet.png', VIEWS.fleet, 1262],
  ['dashboard-exporter.png', VIEWS.exporter, 1216],
];

const folder = mkdtempSync(join(tmpdir(), 'tcpstate-pictures-'));
mkdirSync(DOCS, { recursive: true });
const prometheus = await startIncident(folder);
try {
  const board = await openDrawingBoard();
  for (const [file, view, height] of PICTURES)
    await board.draw(await askView(view, prometheus, false), join(DOCS, file), height);
  await board.close();
} finally {
  await prometheus.stop();
  rmSync(folder, { recursive: true, force: true });
}
