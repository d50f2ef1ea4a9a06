import {
  type DataFrame,
  dateTime,
  type FieldDisplay,
  type GrafanaTheme2,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  renderMarkdown,
  type TimeRange,
  type VizOrientation,
} from '@grafana/data';
import type {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BigValueColorMode,
  BigValueTextMode,
  VizLegendOptions,
  VizTextDisplayOptions,
} from '@grafana/schema';
import { BarGauge, BigValue, type BigValueGraphMode, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import type { Drawing, PanelModel } from '../drawing.ts';
import { fieldConfigOf } from './field-config.ts';

export interface VisualProps {
  readonly panel: PanelModel;
  readonly frames: DataFrame[];
  readonly drawing: Drawing;
  readonly theme: GrafanaTheme2;
  readonly width: number;
  readonly height: number;
}

/** The inside of a panel. */
export function Visual(props: VisualProps) {
  const { panel } = props;
  if (panel.type === 'text') return <Text {...props} />;
  if (panel.type === 'stat') return <Stats {...props} />;
  if (panel.type === 'bargauge') return <Bars {...props} />;
  if (panel.type === 'timeseries') return <Lines {...props} />;
  if (panel.type === 'table') return <Rows {...props} />;
  throw new Error(`no way to draw a panel of type ${panel.type}`);
}

function Text({ panel }: VisualProps) {
  const html = { __html: renderMarkdown(String(panel.options?.content)) };
  // biome-ignore lint/security/noDangerouslySetInnerHtml: the Markdown is our own
  return <div className="markdown-html" style={{ overflow: 'auto', height: '100%' }} dangerouslySetInnerHTML={html} />;
}

function Stats({ panel, frames, theme, width, height }: VisualProps) {
  return (
    <VizRepeater
      source={frames}
      getValues={() => valuesOf(panel, frames, theme)}
      renderValue={({ value, width: w, height: h, count }) => (
        <BigValue
          value={value.display}
          colorMode={panel.options?.colorMode as BigValueColorMode}
          graphMode={panel.options?.graphMode as BigValueGraphMode}
          textMode={panel.options?.textMode as BigValueTextMode}
          count={count}
          width={w}
          height={h}
          theme={theme}
        />
      )}
      renderCounter={0}
      width={width}
      height={height}
      orientation={'auto' as VizOrientation}
    />
  );
}

function Bars({ panel, frames, theme, width, height }: VisualProps) {
  return (
    <VizRepeater
      source={frames}
      getValues={() => valuesOf(panel, frames, theme)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width: w, height: h, orientation, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          width={w}
          height={h}
          orientation={orientation}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          theme={theme}
          itemSpacing={8}
          displayMode={panel.options?.displayMode as BarGaugeDisplayMode}
          alignmentFactors={alignmentFactors}
          showUnfilled={true}
          namePlacement={panel.options?.namePlacement as BarGaugeNamePlacement}
          text={panel.options?.text as VizTextDisplayOptions}
        />
      )}
      renderCounter={0}
      width={width}
      height={height}
      itemSpacing={8}
      minVizHeight={panel.options?.minVizHeight as number}
      maxVizHeight={panel.options?.maxVizHeight as number}
      orientation={'horizontal' as VizOrientation}
    />
  );
}

function Lines({ panel, frames, drawing, width, height }: VisualProps) {
  if (frames.length === 0) return <NoData panel={panel} />;
  const [from, to] = [dateTime(drawing.start * 1000), dateTime(drawing.end * 1000)];
  const timeRange: TimeRange = { from, to, raw: { from, to } };
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={timeRange}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options?.legend as VizLegendOptions}
      options={panel.options as Record<string, unknown>}
    />
  );
}

function Rows({ panel, frames, width, height }: VisualProps) {
  const frame = frames[0];
  if (frame === undefined || frame.length === 0) return <NoData panel={panel} />;
  const sortBy = panel.options?.sortBy as { displayName: string; desc?: boolean }[];
  return <TableNG data={frame} width={width} height={height} sortBy={sortBy} structureRev={1} />;
}

function NoData({ panel }: { readonly panel: PanelModel }) {
  return (
    <div style={{ padding: 24, textAlign: 'center' }}>{String(panel.fieldConfig?.defaults.noValue ?? 'No data')}</div>
  );
}

function valuesOf(panel: PanelModel, data: DataFrame[], theme: GrafanaTheme2): FieldDisplay[] {
  return getFieldDisplayValues({
    fieldConfig: fieldConfigOf(panel),
    reduceOptions: panel.options?.reduceOptions as { calcs: string[] },
    replaceVariables: (text) => text,
    theme,
    data,
    timeZone: 'utc',
  });
}
