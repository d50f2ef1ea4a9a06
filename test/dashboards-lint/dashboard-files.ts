import { readdirSync, readFileSync } from 'node:fs';

export const JSON_FOLDER = new URL('../../dashboards/json/', import.meta.url);

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly collapsed?: boolean;
  /** Of a collapsed row. */
  readonly panels?: readonly Panel[];
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: GridPos;
  readonly targets?: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly datasource?: { uid: string };
  }[];
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly multi: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly query: string | { readonly query: string };
}

/** A dashboard as it is committed: the fields the tests look at. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly target: { readonly expr: string } }[];
  };
  readonly links: readonly { readonly type: string; readonly url?: string }[];
}

export function readDashboards(): Map<string, Dashboard> {
  const files = readdirSync(JSON_FOLDER);
  return new Map(
    files.map((file) => [file, JSON.parse(readFileSync(new URL(file, JSON_FOLDER), 'utf8')) as Dashboard]),
  );
}

/** Every panel and row, those of collapsed rows after their row. */
export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

export function panelsWithQueries(dashboard: Dashboard): Panel[] {
  return panelsOf(dashboard).filter(({ type }) => type !== 'row' && type !== 'text');
}

/** Every query of a dashboard, those of its annotations included, with values in place of Grafana's variables. */
export function queriesOf(dashboard: Dashboard): { readonly where: string; readonly query: string }[] {
  const panels = panelsWithQueries(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, query: fillVariables(expr) })),
  );
  const annotations = dashboard.annotations.list.map(({ name, target }) => ({
    where: name,
    query: fillVariables(target.expr),
  }));
  return [...panels, ...annotations];
}

function fillVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h');
}
