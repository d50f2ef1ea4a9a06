import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DATA_SOURCE } from './panel-spec.ts';

const INPUT = 'DS_PROMETHEUS';
/** What stands in place of the data source until somebody chooses one. */
export const INPUT_UID = `\${${INPUT}}`;
/** In links from one dashboard to another: there is no such variable. */
export const PASSED_ON = `\${datasource:queryparam}&`;
/** Whose components draw the dashboards in the tests. */
const GRAFANA = '13.2.1';

interface PanelLike {
  readonly type?: string;
  readonly panels?: readonly PanelLike[];
}

/**
 * The data source is asked for when the dashboard is imported (`__inputs`), instead of being a variable; what it needs is listed
 * (`__requires`). Source: "Export a dashboard as JSON" of Grafana's documentation, and `Evaluate` of its dash_template_evaluator.go.
 */
export function forGrafanaCom(dashboard: Dashboard): Record<string, unknown> {
  const text = JSON.stringify(dashboard).replaceAll(PASSED_ON, '').replaceAll(DATA_SOURCE.uid!, INPUT_UID);
  const { templating, ...model } = JSON.parse(text);
  const variables: readonly { readonly type: string }[] = templating.list;
  return {
    __inputs: [
      {
        name: INPUT,
        label: 'Prometheus',
        description: 'A Prometheus that scrapes tcpstate-exporter',
        type: 'datasource',
        pluginId: 'prometheus',
        pluginName: 'Prometheus',
      },
    ],
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: GRAFANA },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
      ...panelTypes(model.panels).map((id) => ({ type: 'panel', id, name: id, version: '' })),
    ],
    ...model,
    editable: true,
    templating: { ...templating, list: variables.filter(({ type }) => type !== 'datasource') },
  };
}

/** Rows are no panels of a plugin. */
function panelTypes(panels: readonly PanelLike[]): string[] {
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  return [...new Set(all.flatMap(({ type = 'row' }) => (type === 'row' ? [] : [type])))].sort();
}
