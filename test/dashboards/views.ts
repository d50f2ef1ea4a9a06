import { readFileSync } from 'node:fs';
import type { Answer, Drawing, PanelModel, TargetModel } from './drawing.ts';
import { END_SECONDS } from './incident/course.ts';
import type { Prometheus } from './prometheus.ts';

const JSON_FOLDER = new URL('../../dashboards/json/', import.meta.url);
/** Seconds between two points, the scrape interval of the incident. */
const STEP = 60;

/** A dashboard with chosen hosts, as somebody would open it. */
export interface View {
  readonly name: string;
  readonly file: string;
  /** Regular expression for the variable `instance`. */
  readonly instance: string;
  readonly hours: number;
  /** Regular expressions for the variables `process` and `remote_ip`; all without. */
  readonly process?: string;
  readonly remoteIp?: string;
}

export const VIEWS = {
  triage: { name: 'triage', file: 'triage.json', instance: '.+', hours: 3 },
  portsHost: { name: 'host-web-1', file: 'host.json', instance: 'web-1:10048', hours: 3 },
  leakHost: { name: 'host-web-2', file: 'host.json', instance: 'web-2:10048', hours: 3 },
  windowsHost: { name: 'host-win-1', file: 'host.json', instance: 'win-1:10048', hours: 3 },
  pods: { name: 'pods', file: 'pods.json', instance: 'web-1:10048', hours: 3 },
  fleet: { name: 'fleet', file: 'fleet.json', instance: '.+', hours: 6 },
  exporter: { name: 'exporter', file: 'exporter.json', instance: '.+', hours: 6 },
} as const satisfies Record<string, View>;

interface DashboardModel {
  readonly title: string;
  readonly panels: readonly PanelModel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly target: TargetModel }[] };
}

/** Asks every query of a view, by default with its collapsed rows opened; a query that Prometheus refuses makes it fail. */
export async function askView(view: View, prometheus: Prometheus, isOpen = true): Promise<Drawing> {
  const { title } = readDashboard(view);
  const panels = isOpen ? openedPanels(view) : readDashboard(view).panels;
  const start = END_SECONDS - view.hours * 3600;
  const answered = panels.map(async (panel) => ({
    panel,
    answers: await Promise.all((panel.targets ?? []).map((target) => ask(target, view, start, prometheus))),
  }));
  return {
    title,
    theme: 'dark',
    width: 1600,
    start,
    end: END_SECONDS,
    step: STEP,
    panels: await Promise.all(answered),
  };
}

/** The number of points each annotation query finds in the time of the view. */
export async function askAnnotations(view: View, prometheus: Prometheus): Promise<Map<string, number>> {
  const start = END_SECONDS - view.hours * 3600;
  const counts = readDashboard(view).annotations.list.map(async ({ name, target }) => {
    const series = await prometheus.queryRange(fill(target.expr, view), start, END_SECONDS, STEP);
    return [name, series.reduce((sum, { values }) => sum + values.length, 0)] as const;
  });
  return new Map(await Promise.all(counts));
}

async function ask(target: TargetModel, view: View, start: number, prometheus: Prometheus): Promise<Answer> {
  const expr = fill(target.expr, view);
  const isInstant = target.instant === true;
  const series = isInstant
    ? await prometheus.queryInstant(expr, END_SECONDS)
    : await prometheus.queryRange(expr, start, END_SECONDS, STEP);
  return { refId: target.refId, legend: target.legendFormat, isTable: target.format === 'table', isInstant, series };
}

function fill(expr: string, { instance, hours, process = '.*', remoteIp = '.*' }: View): string {
  return expr
    .replaceAll('$__rate_interval', '4m')
    .replaceAll('$__range', `${hours}h`)
    .replaceAll('$cluster', '.*')
    .replaceAll('$process', process)
    .replaceAll('$remote_ip', remoteIp)
    .replaceAll('$namespace', '.*')
    .replaceAll('$netns', '.*')
    .replaceAll('$job', '.+')
    .replaceAll('$instance', instance);
}

/** The builder places the panels of a collapsed row where they lie once it is open. */
function openedPanels(view: View): PanelModel[] {
  return readDashboard(view).panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

function readDashboard({ file }: View): DashboardModel {
  return JSON.parse(readFileSync(new URL(file, JSON_FOLDER), 'utf8')) as DashboardModel;
}
