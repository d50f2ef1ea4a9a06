import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

/** A panel whose place can still be set; every panel builder of the SDK has these. */
export interface PlaceablePanel extends Builder<Panel> {
  span(width: number): this;
  height(height: number): this;
}

export interface Section {
  /** Undefined: no heading. */
  readonly title?: string;
  readonly panels: readonly PlaceablePanel[];
  /** Shown as its heading until somebody opens it; needs a title. */
  readonly isCollapsed?: boolean;
}

const COLUMNS = 24;

/** Panels of one height side by side; their widths fill the 24 columns. */
export function line(
  height: number,
  ...panels: readonly (readonly [width: number, panel: PlaceablePanel])[]
): PlaceablePanel[] {
  const total = panels.reduce((sum, [width]) => sum + width, 0);
  if (total !== COLUMNS) throw new Error(`a line of panels is ${total} columns wide instead of ${COLUMNS}`);
  return panels.map(([width, panel]) => panel.span(width).height(height));
}
