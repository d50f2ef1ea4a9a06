import type { Series } from './prometheus.ts';

/** A dashboard with the answers to its queries: what goes into the browser. */
export interface Drawing {
  readonly title: string;
  readonly theme: 'dark' | 'light';
  readonly width: number;
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly panels: readonly DrawnPanel[];
}

export interface DrawnPanel {
  readonly panel: PanelModel;
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly refId: string;
  readonly legend: string | undefined;
  readonly isTable: boolean;
  readonly isInstant: boolean;
  readonly series: readonly Series[];
}

/** A panel of a dashboard's JSON as far as drawing needs it. */
export interface PanelModel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  /** Of a collapsed row. */
  readonly panels?: readonly PanelModel[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: {
    readonly defaults: Readonly<Record<string, unknown>> & { readonly unit?: string };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly targets?: readonly TargetModel[];
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
}

export interface TargetModel {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly format?: string;
  readonly instant?: boolean;
}

/** What the browser found while drawing. */
export interface PanelReport {
  readonly title: string;
  readonly text: string;
  /** Units used in the panel that Grafana does not know. */
  readonly unknownUnits: readonly string[];
}
