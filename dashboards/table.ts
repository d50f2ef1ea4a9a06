import { TableCellHeight, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { CellLink } from './links.ts';
import { describe, type PanelSpec, queryOf, thresholdsOf } from './panel-spec.ts';
import type { Color, ThresholdStep } from './thresholds.ts';

/** Columns share what the fixed ones leave, but never become narrower (Grafana's own minimum is 150). */
const MIN_WIDTH = 100;

/** A column of values: one query. */
export interface ValueColumn {
  readonly name: string;
  readonly expr: string;
  /** Plain numbers without. */
  readonly unit?: string;
  readonly decimals?: number;
  readonly thresholds?: readonly ThresholdStep[];
  readonly width?: number;
  /** Stands before the columns of labels. */
  readonly isFirst?: boolean;
  /** Numbers that are shown as words on a background. */
  readonly words?: readonly { readonly value: number; readonly text: string; readonly color: Color }[];
}

/** A column of label values; rows of all queries that agree in these are one row. */
export interface LabelColumn {
  readonly label: string;
  readonly name: string;
  readonly width?: number;
  /** Value → colour of its text. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Where a click on a cell leads. */
  readonly link?: CellLink;
  /** Not shown: only for the links of other columns. */
  readonly isHidden?: boolean;
  /** Value → other words for it. */
  readonly words?: Readonly<Record<string, string>>;
}

export interface TableSpec extends Omit<PanelSpec, 'queries' | 'thresholds' | 'unit' | 'noValue'> {
  readonly labels: readonly LabelColumn[];
  readonly values: readonly ValueColumn[];
  /** Name of the column that orders the rows: values largest first, labels alphabetically. */
  readonly sortBy: string;
}

/** One row per combination of labels, one column per query, the columns in the order of the specification. */
export function table(spec: TableSpec): TableBuilder {
  const { values, labels } = spec;
  // Labels are text: with a unit of numbers Grafana would print port 5432 as 5.43 K.
  const panel = describe(new TableBuilder(), { ...spec, unit: 'string', noValue: '–', queries: [] })
    .targets(values.map(({ expr }) => queryOf({ expr }).format(PromQueryFormat.Table).instant()))
    .cellHeight(TableCellHeight.Sm)
    .minWidth(MIN_WIDTH)
    .sortBy([new TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(isValue(spec))])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: organize(spec) });
  for (const column of values) panel.overrideByName(column.name, valueProperties(column));
  for (const column of labels) panel.overrideByName(column.name, labelProperties(column));
  return panel;
}

function isValue({ values, sortBy }: TableSpec): boolean {
  return values.some(({ name }) => name === sortBy);
}

/** Hides what is not a column, and gives names and order to the rest. */
function organize({ labels, values }: TableSpec): object {
  const valueFields = values.map((column, index) => [valueField(index, values.length), column.name] as const);
  const isFirst = (_: unknown, index: number) => values[index]!.isFirst === true;
  const fields = [
    ...valueFields.filter(isFirst),
    ...labels.map(({ label, name }) => [label, name] as const),
    ...valueFields.filter((field, index) => !isFirst(field, index)),
  ];
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

function labelProperties({ width, link, colors, isHidden, words }: LabelColumn): DynamicConfigValue[] {
  const properties = widthOf(width);
  if (isHidden === true)
    properties.push({ id: 'custom.hideFrom', value: { viz: true, legend: false, tooltip: false } });
  if (words !== undefined) {
    const options = Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }]));
    properties.push({ id: 'mappings', value: [{ type: 'value', options }] });
  }
  if (link !== undefined) properties.push({ id: 'links', value: [link] });
  if (colors !== undefined) {
    const options = Object.fromEntries(Object.entries(colors).map(([value, color]) => [value, { color }]));
    properties.push(
      { id: 'mappings', value: [{ type: 'value', options }] },
      { id: 'color', value: { mode: 'fixed', fixedColor: link === undefined ? 'text' : 'blue' } },
      { id: 'custom.cellOptions', value: { type: 'color-text' } },
    );
  }
  return properties;
}

function valueProperties({ unit, decimals, thresholds, width, words }: ValueColumn): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [...widthOf(width), { id: 'unit', value: unit ?? 'locale' }];
  if (decimals !== undefined) properties.push({ id: 'decimals', value: decimals });
  if (words !== undefined) {
    const options = Object.fromEntries(words.map(({ value, text, color }) => [value, { text, color }]));
    properties.push(
      { id: 'mappings', value: [{ type: 'value', options }] },
      { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
      { id: 'custom.align', value: 'left' },
    );
  }
  if (thresholds !== undefined) {
    properties.push(
      { id: 'thresholds', value: thresholdsOf(thresholds, 'transparent').build() },
      { id: 'color', value: { mode: 'thresholds' } },
      { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    );
  }
  return properties;
}

function widthOf(width: number | undefined): DynamicConfigValue[] {
  return width === undefined ? [] : [{ id: 'custom.width', value: width }];
}
