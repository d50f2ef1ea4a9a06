import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type FieldConfig,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  getValueFormats,
} from '@grafana/data';
import type { PanelModel } from '../drawing.ts';

const STANDARD = [
  'unit',
  'min',
  'max',
  'decimals',
  'displayName',
  'color',
  'thresholds',
  'mappings',
  'links',
  'noValue',
];
/** Unless a panel says otherwise Grafana colours by thresholds, time series by a palette. */
const DEFAULT_COLOR = {
  stat: 'thresholds',
  bargauge: 'thresholds',
  table: 'thresholds',
  timeseries: 'palette-classic',
};

/** Gives fields the units, colours and names of a panel's configuration, as the panel would. */
export function configure(panel: PanelModel, frames: DataFrame[], theme: GrafanaTheme2): DataFrame[] {
  const configured = applyFieldOverrides({
    data: frames,
    fieldConfig: fieldConfigOf(panel),
    fieldConfigRegistry: registryFor(panel),
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(configured);
  return configured;
}

export function fieldConfigOf({ type, fieldConfig }: PanelModel): FieldConfigSource {
  const color = { mode: DEFAULT_COLOR[type as keyof typeof DEFAULT_COLOR] };
  const thresholds = { mode: 'absolute', steps: [{ value: Number.NEGATIVE_INFINITY, color: 'green' }] };
  const defaults = structuredClone(fieldConfig?.defaults ?? {}) as FieldConfig;
  return {
    defaults: { color, thresholds, ...withInfinity(defaults) },
    overrides: structuredClone(fieldConfig?.overrides ?? []),
  } as FieldConfigSource;
}

/** Units of a panel that Grafana does not know: it would print them behind the number. */
export function unknownUnits({ fieldConfig }: PanelModel): string[] {
  const known = new Set(getValueFormats().flatMap(({ submenu }) => (submenu ?? []).map(({ value }) => value)));
  const overridden = (fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties);
  const units = [fieldConfig?.defaults.unit, ...overridden.filter(({ id }) => id === 'unit').map(({ value }) => value)];
  return units.filter(
    (unit): unit is string => typeof unit === 'string' && !unit.startsWith('suffix:') && !known.has(unit),
  );
}

/** JSON has no −Infinity: the first threshold of a saved dashboard is null. */
function withInfinity(defaults: FieldConfig): FieldConfig {
  for (const step of defaults.thresholds?.steps ?? []) step.value ??= Number.NEGATIVE_INFINITY;
  return defaults;
}

/** Knows the properties of every panel, and of this one those that its kind adds. */
function registryFor({ fieldConfig }: PanelModel): FieldConfigOptionsRegistry {
  const defaults = Object.keys((fieldConfig?.defaults.custom as object | undefined) ?? {});
  const overridden = (fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = overridden.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((id) => item(id, id, false)),
    ...[...new Set([...defaults, ...custom])].map((path) => item(`custom.${path}`, path, true)),
  ]);
}

function item(id: string, path: string, isCustom: boolean): FieldConfigPropertyItem {
  return {
    id,
    path,
    name: id,
    isCustom,
    process: (value: unknown) => value,
    shouldApply: () => true,
    editor: () => null,
    override: () => null,
  } as unknown as FieldConfigPropertyItem;
}
