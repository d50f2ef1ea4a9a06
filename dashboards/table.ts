import { TableCellHeight, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { describe, type PanelSpec, queryOf, thresholdsOf } from './panel-spec.ts';
import type { ThresholdStep } from './thresholds.ts';

/** A column of values: one query. */
export interface ValueColumn {
  readonly name: string;
  readonly expr: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly thresholds?: readonly ThresholdStep[];
  readonly width?: number;
}

/** A column of label values; rows of all queries that agree in these are one row. */
export interface LabelColumn {
  readonly label: string;
  readonly name: string;
  readonly width?: number;
  /** Where a click on a cell leads. */
  readonly link?: { readonly title: string; readonly url: string };
}

export interface TableSpec extends Omit<PanelSpec, 'queries' | 'thresholds' | 'unit'> {
  readonly unit?: string;
  readonly labels: readonly LabelColumn[];
  readonly values: readonly ValueColumn[];
  /** Name of the column that orders the rows: values largest first, labels alphabetically. */
  readonly sortBy: string;
}

/** One row per combination of labels, one column per query, the columns in the order of the specification. */
export function table(spec: TableSpec): TableBuilder {
  const { values, labels } = spec;
  const panel = describe(new TableBuilder(), { ...spec, unit: spec.unit ?? 'short', queries: [] })
    .targets(values.map(({ expr }) => queryOf({ expr }).format(PromQueryFormat.Table).instant()))
    .cellHeight(TableCellHeight.Sm)
    .sortBy([new TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(isValue(spec))])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: organize(spec) });
  for (const column of values) panel.overrideByName(column.name, propertiesOf(column));
  for (const { name, link, width } of labels) {
    const properties = [...widthOf(width), ...(link === undefined ? [] : [{ id: 'links', value: [link] }])];
    if (properties.length > 0) panel.overrideByName(name, properties);
  }
  return panel;
}

function isValue({ values, sortBy }: TableSpec): boolean {
  return values.some(({ name }) => name === sortBy);
}

/** Hides what is not a column, and gives names and order to the rest. */
function organize({ labels, values }: TableSpec): object {
  const valueFields = values.map((column, index) => [valueField(index, values.length), column.name] as const);
  const fields = [...labels.map(({ label, name }) => [label, name] as const), ...valueFields];
  return {
    renameByName: Object.fromEntries(fields),
    indexByName: Object.fromEntries(fields.map(([field], index) => [field, index])),
    includeByName: Object.fromEntries(fields.map(([field]) => [field, true])),
    excludeByName: {},
  };
}

/** The data source numbers its value fields as soon as there is more than one query. */
function valueField(index: number, count: number): string {
  return count === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`;
}

function propertiesOf({ unit, decimals, thresholds, width }: ValueColumn): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [...widthOf(width)];
  if (unit !== undefined) properties.push({ id: 'unit', value: unit });
  if (decimals !== undefined) properties.push({ id: 'decimals', value: decimals });
  if (thresholds !== undefined) {
    properties.push(
      { id: 'thresholds', value: thresholdsOf(thresholds).build() },
      { id: 'color', value: { mode: 'thresholds' } },
      { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    );
  }
  return properties;
}

function widthOf(width: number | undefined): DynamicConfigValue[] {
  return width === undefined ? [] : [{ id: 'custom.width', value: width }];
}
