import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Fields the SDK writes into every variable though only interval variables have them. */
const NOISE = ['auto', 'auto_min', 'auto_count'] as const;

/**
 * What the SDK leaves to Grafana's editor and provisioning never gets: panel ids, query letters, links and annotations that
 * are shown instead of being put into a menu.
 */
export function finish(dashboard: Dashboard): Dashboard {
  return {
    ...dashboard,
    id: null,
    panels: withIds(dashboard.panels ?? []),
    links: (dashboard.links ?? []).map((link) => without(link, ['placement'])),
    annotations: { list: (dashboard.annotations.list ?? []).map((query) => without(query, ['placement'])) },
    templating: { list: (dashboard.templating.list ?? []).map((variable) => without(variable, NOISE)) },
  };
}

/** Numbers panels in their order; those of a collapsed row come after it. */
function withIds(panels: readonly (Panel | RowPanel)[]): (Panel | RowPanel)[] {
  let id = 0;
  return panels.map((panel) => {
    const numbered = { ...withLetters(panel), id: ++id };
    if (!('panels' in panel)) return numbered;
    return { ...numbered, panels: panel.panels.map((inner) => ({ ...withLetters(inner), id: ++id })) };
  });
}

function withLetters<P extends Panel | RowPanel>(panel: P): P {
  if (!('targets' in panel) || panel.targets === undefined) return panel;
  const targets = panel.targets.map((target, index) => ({ ...target, refId: String.fromCharCode(65 + index) }));
  return { ...panel, targets, links: panel.links?.map((link) => without(link, ['placement'])) };
}

function without<T extends object>(object: T, fields: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field))) as T;
}
