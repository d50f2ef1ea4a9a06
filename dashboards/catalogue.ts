import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { buildExporter } from './exporter.ts';
import { buildFleet } from './fleet/index.ts';
import { buildHost } from './host/index.ts';
import { buildPods } from './pods/index.ts';
import { buildTriage } from './triage/index.ts';

/** File name below json/ → dashboard. */
export function buildDashboards(): Map<string, Dashboard> {
  return new Map([
    ['triage.json', buildTriage()],
    ['host.json', buildHost()],
    ['fleet.json', buildFleet()],
    ['pods.json', buildPods()],
    ['exporter.json', buildExporter()],
  ]);
}

/** Exactly what the file holds. */
export function serialize(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
