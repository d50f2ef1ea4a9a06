import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLinkBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { type AlertName, linkToRunbook } from './runbook.ts';
import type { Color, ThresholdStep } from './thresholds.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the variable in
export const DATA_SOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** The unit of everything that opens, ends or drops connections. */
export const CONNECTIONS_PER_SECOND = 'suffix:conn/s';

export interface Query {
  readonly expr: string;
  /** Name of the series, with labels in double braces. */
  readonly legend?: string;
}

/** What every panel with data has. */
export interface PanelSpec {
  readonly title: string;
  readonly description: string;
  /** A unit of Grafana's. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly thresholds?: readonly ThresholdStep[];
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Text in place of "No data". */
  readonly noValue?: string;
  /** The alerts this panel explains: named in its description, with a link to their section of the runbook. */
  readonly alerts?: readonly AlertName[];
}

/** The builder methods that stat, time series, bar gauge and table panels share. */
interface DescribablePanel {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  max(max: number): this;
  noValue(noValue: string): this;
  links(links: DashboardLinkBuilder[]): this;
}

/** Writes into a panel what does not depend on its kind. */
export function describe<P extends DescribablePanel>(panel: P, spec: PanelSpec): P {
  const alerts = spec.alerts ?? [];
  const names = alerts.length === 0 ? '' : `\n\nAlerts: ${alerts.join(', ')}.`;
  panel
    .title(spec.title)
    .description(spec.description + names)
    .datasource(DATA_SOURCE)
    .unit(spec.unit);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.max !== undefined) panel.max(spec.max);
  if (spec.noValue !== undefined) panel.noValue(spec.noValue);
  if (alerts.length > 0) panel.links(alerts.map((alert) => linkToRunbook(alert)));
  return panel;
}

export function queryOf(query: Query): DataqueryBuilder {
  const builder = new DataqueryBuilder().datasource(DATA_SOURCE).expr(query.expr);
  return query.legend === undefined ? builder : builder.legendFormat(query.legend);
}

/** Steps with the colour below the first of them. */
export function thresholdsOf(
  steps: readonly ThresholdStep[] | undefined,
  base: Color = 'green',
): ThresholdsConfigBuilder {
  const all = [{ value: null, color: base }, ...(steps ?? [])];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
}
