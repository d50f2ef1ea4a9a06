// Writes the dashboards as grafana.com takes them into scratch/grafana-com/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { buildDashboards } from './catalogue.ts';
import { forGrafanaCom } from './grafana-com.ts';

const folder = new URL('../scratch/grafana-com/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [file, dashboard] of buildDashboards())
  writeFileSync(new URL(file, folder), `${JSON.stringify(forGrafanaCom(dashboard), null, 2)}\n`);
