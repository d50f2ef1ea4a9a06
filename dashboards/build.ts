// Writes the dashboards Grafana loads from what the builders say. The results are committed; a test proves that both agree.
import { mkdirSync, writeFileSync } from 'node:fs';
import { buildDashboards, serialize } from './catalogue.ts';

const folder = new URL('json/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [file, dashboard] of buildDashboards()) writeFileSync(new URL(file, folder), serialize(dashboard));
