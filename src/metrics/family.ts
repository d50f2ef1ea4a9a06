/** One metric with its samples, ready to be written in any exposition format. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** One sentence that names the source. */
  readonly help: string;
  /** Label names in the order of every sample's `labels`. */
  readonly labelNames: readonly string[];
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** Text formats a page can have: Prometheus text 0.0.4, and OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** A page ready to be sent. */
export interface ExpositionPage {
  readonly contentType: string;
  readonly body: string;
}
