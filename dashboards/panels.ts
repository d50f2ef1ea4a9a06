import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type SpecialValueMap,
  SpecialValueMatch,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { describe, type PanelSpec, queryOf, thresholdsOf } from './panel-spec.ts';
import { GREY } from './thresholds.ts';

/** Gaps up to this are drawn over: one missed scrape is no event. */
const SPAN_GAPS_MS = 180_000;
const LAST = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']);

export interface StatSpec extends PanelSpec {
  /** Shows whose figure it is beside the figure. */
  readonly named?: boolean;
  /** Text where no host can tell the figure, in grey: unknown is not good. */
  readonly unknown?: string;
}

/** One figure, its background coloured by the thresholds. */
export function stat(spec: StatSpec): StatBuilder {
  const panel = describe(new StatBuilder(), spec)
    .targets(spec.queries.map((query) => queryOf(query).instant()))
    .thresholds(thresholdsOf(spec.thresholds))
    .colorMode(spec.thresholds === undefined ? BigValueColorMode.None : BigValueColorMode.BackgroundSolid)
    .graphMode(BigValueGraphMode.None)
    .textMode(spec.named === true ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(LAST());
  return spec.unknown === undefined ? panel : panel.mappings([unknownAs(spec.unknown)]);
}

function unknownAs(words: string): SpecialValueMap {
  const result = { text: words, color: GREY };
  return { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.NullAndNan, result } };
}

export interface TimeseriesSpec extends PanelSpec {
  readonly stacked?: boolean;
  /** Thresholds drawn as dashed lines; without, they only colour nothing. */
  readonly showThresholds?: boolean;
  /** Series name or pattern in slashes → colour. */
  readonly colors?: Readonly<Record<string, string>>;
  /** Pattern of the names of series drawn dashed. */
  readonly dashed?: string;
  /** Pattern of the names of limits: dashed and grey, for a limit is no alarm. */
  readonly limits?: string;
  /** Where the names stand; to the right there is room for many. */
  readonly legend?: 'bottom' | 'right';
}

const DASHED = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
  { id: 'custom.fillOpacity', value: 0 },
];

/** Lines over time, with a legend that says the last and the highest value. */
export function timeseries(spec: TimeseriesSpec): TimeseriesBuilder {
  const panel = describe(new TimeseriesBuilder(), spec)
    .targets(spec.queries.map((query) => queryOf(query)))
    .lineWidth(spec.stacked === true ? 1 : 2)
    .fillOpacity(spec.stacked === true ? 60 : 8)
    .showPoints(VisibilityMode.Never)
    .spanNulls(SPAN_GAPS_MS)
    .min(spec.min ?? 0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(legendOf(spec.legend ?? 'bottom'));
  if (spec.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (spec.thresholds !== undefined) panel.thresholds(thresholdsOf(spec.thresholds));
  if (spec.showThresholds === true) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  for (const [name, color] of Object.entries(spec.colors ?? {})) {
    const properties = [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }];
    if (name.startsWith('/')) panel.overrideByRegexp(name, properties);
    else panel.overrideByName(name, properties);
  }
  if (spec.dashed !== undefined) panel.overrideByRegexp(spec.dashed, DASHED);
  if (spec.limits !== undefined) {
    panel.overrideByRegexp(spec.limits, [...DASHED, { id: 'color', value: { mode: 'fixed', fixedColor: GREY } }]);
  }
  return panel;
}

function legendOf(placement: 'bottom' | 'right'): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .placement(placement === 'right' ? LegendPlacement.Right : LegendPlacement.Bottom)
    .displayMode(LegendDisplayMode.Table)
    .calcs(placement === 'right' ? ['lastNotNull'] : ['lastNotNull', 'max'])
    .sortBy('Last *')
    .sortDesc(true);
}

export interface BarGaugeSpec extends PanelSpec {
  /** Letters of the queries whose bars name nobody. */
  readonly grey?: readonly string[];
}

/** Horizontal bars, the longest first (the query ranks them). */
export function barGauge(spec: BarGaugeSpec): BarGaugeBuilder {
  const panel = describe(new BarGaugeBuilder(), spec)
    .targets(spec.queries.map((query) => queryOf(query).instant()))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Gradient)
    .sizing(BarGaugeSizing.Manual)
    .minVizHeight(16)
    .maxVizHeight(36)
    .namePlacement(BarGaugeNamePlacement.Top)
    .text(new VizTextDisplayOptionsBuilder().titleSize(12).valueSize(14))
    .min(spec.min ?? 0)
    .thresholds(thresholdsOf(spec.thresholds, 'blue'))
    .reduceOptions(LAST());
  for (const letter of spec.grey ?? []) {
    panel.overrideByQuery(letter, [{ id: 'color', value: { mode: 'fixed', fixedColor: GREY } }]);
  }
  return panel;
}

/** Text of the page itself, in Markdown. */
export function text(title: string, description: string, markdown: string): TextBuilder {
  return new TextBuilder().title(title).description(description).mode(TextMode.Markdown).content(markdown);
}
