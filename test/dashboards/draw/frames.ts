import { type DataFrame, type Field, FieldType, type Labels } from '@grafana/data';
import type { Answer, Drawing } from '../drawing.ts';
import type { Series } from '../prometheus.ts';

/** The frames Grafana's Prometheus data source would make of an answer. */
export function framesOf(answer: Answer, drawing: Drawing, hasMoreQueries: boolean): DataFrame[] {
  if (answer.isTable) return [tableFrame(answer, hasMoreQueries)];
  return answer.series.map((series) => timeFrame(answer, series, answer.isInstant ? undefined : drawing));
}

/** One frame per series; a range has a point for each step, null where there is no sample. */
function timeFrame({ refId, legend }: Answer, series: Series, grid: Drawing | undefined): DataFrame {
  const samples = new Map(series.values.map(([time, value]) => [time, Number(value)]));
  const times = grid === undefined ? [...samples.keys()] : gridOf(grid);
  const value = field(
    'Value',
    FieldType.number,
    times.map((time) => samples.get(time) ?? null),
  );
  const labels = series.metric as Labels;
  return {
    refId,
    length: times.length,
    fields: [
      field(
        'Time',
        FieldType.time,
        times.map((time) => time * 1000),
      ),
      { ...value, labels, config: { displayNameFromDS: nameOf(labels, legend) } },
    ],
  };
}

/** One row per series, one column per label. */
function tableFrame({ refId, series }: Answer, hasMoreQueries: boolean): DataFrame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const last = series.map(({ values }) => values.at(-1)!);
  return {
    refId,
    length: series.length,
    fields: [
      field(
        'Time',
        FieldType.time,
        last.map(([time]) => time * 1000),
      ),
      ...labels.map((label) =>
        field(
          label,
          FieldType.string,
          series.map(({ metric }) => metric[label] ?? ''),
        ),
      ),
      field(
        hasMoreQueries ? `Value #${refId}` : 'Value',
        FieldType.number,
        last.map(([, value]) => Number(value)),
      ),
    ],
  };
}

function gridOf({ start, end, step }: Drawing): number[] {
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

function field(name: string, type: FieldType, values: unknown[]): Field {
  return { name, type, config: {}, values };
}

function nameOf(labels: Labels, legend: string | undefined): string {
  if (legend !== undefined) return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
  return JSON.stringify(labels);
}
