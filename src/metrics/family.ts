/** One metric with its samples, ready to be written in any exposition format. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** One sentence that names the source. */
  readonly help: string;
  /** Label names in the order of every sample's `labels`. */
  readonly labelNames: readonly string[];
  /** None = unknown here: `buildFamilies` leaves the family out. */
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: readonly string[];
  readonly value: number;
  /** Of a histogram's sample, whose labels are all but `le` where it is no bucket. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Text formats a page can have: Prometheus text 0.0.4, and OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** A page ready to send. */
export interface ExpositionPage<Body = string> {
  readonly contentType: string;
  readonly body: Body;
}

/** A sample with one label value per label name: a forgotten one does not compile. */
export interface SampleOf<Names extends readonly string[]> {
  readonly labels: { readonly [Index in keyof Names]: string };
  readonly value: number;
}

export function gauge<const Names extends readonly string[]>(
  name: string,
  labelNames: Names,
  help: string,
  samples: readonly SampleOf<Names>[],
): MetricFamily {
  return { name, type: 'gauge', help, labelNames, samples };
}

export function counter<const Names extends readonly string[]>(
  name: string,
  labelNames: Names,
  help: string,
  samples: readonly SampleOf<Names>[],
): MetricFamily {
  return { name, type: 'counter', help, labelNames, samples };
}

/** A gauge without labels; no sample if the value is unknown. */
export function plainGauge(name: string, help: string, value: number | undefined): MetricFamily {
  return { name, type: 'gauge', help, labelNames: [], samples: samplesOf(value) };
}

/** A counter without labels; no sample if the value is unknown. */
export function plainCounter(name: string, help: string, value: number | undefined): MetricFamily {
  return { name, type: 'counter', help, labelNames: [], samples: samplesOf(value) };
}

function samplesOf(value: number | undefined): MetricSample[] {
  return value === undefined ? [] : [{ labels: [], value }];
}
