import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { finish } from './finish.ts';
import type { Section } from './layout.ts';
import { DATA_SOURCE } from './panel-spec.ts';
import { CHOSEN } from './promql.ts';
import { linkToRunbook } from './runbook.ts';
import { changedSettings } from './settings.ts';

const TAG = 'tcpstate';

export interface DashboardSpec {
  /** Also the end of its URL, under which the others link to it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** How far back it opens. */
  readonly from: string;
  readonly sections: readonly Section[];
}

/** A whole dashboard: what all of them share (variables, links, annotations) around the sections of this one. */
export function createDashboard(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: spec.from, to: 'now' })
    .refresh('30s')
    .variables([dataSourceVariable(), jobVariable(), instanceVariable()])
    .links([linkToOthers(), linkToRunbook()])
    .annotations([firingAlerts(), restarts(), settingChanges()]);
  for (const { title, panels } of spec.sections) {
    if (title !== undefined) builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return finish(builder.build());
}

function dataSourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

function jobVariable(): QueryVariableBuilder {
  return labelVariable('job', 'Job', 'label_values(tcpstate_exporter_build_info, job)');
}

function instanceVariable(): QueryVariableBuilder {
  return labelVariable('instance', 'Host', 'label_values(tcpstate_exporter_build_info{job=~"$job"}, instance)');
}

function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .query({ query, refId: name })
    .definition(query)
    .datasource(DATA_SOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

function linkToOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('TCP dashboards')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .keepTime(true)
    .includeVars(true);
}

function firingAlerts(): AnnotationQueryBuilder {
  const expr = `ALERTS{alertstate="firing", alertname=~"Tcp.+", ${CHOSEN}}`;
  return annotation('Firing alerts', 'red', expr, '{{alertname}}', 'instance, process, severity');
}

function restarts(): AnnotationQueryBuilder {
  const expr = `changes(process_start_time_seconds{${CHOSEN}}[$__rate_interval]) > 0`;
  return annotation('Exporter restarts', 'blue', expr, 'exporter restarted', 'instance');
}

function settingChanges(): AnnotationQueryBuilder {
  const expr = changedSettings('$__rate_interval');
  return annotation('Changed settings', 'purple', expr, '{{setting}} changed', 'instance');
}

function annotation(name: string, color: string, expr: string, title: string, tags: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATA_SOURCE)
    .enable(true)
    .iconColor(color)
    .target(new DataqueryBuilder().expr(expr).refId(name))
    .expr(expr)
    .titleFormat(title)
    .textFormat('{{instance}} {{process}}')
    .tagKeys(tags)
    .step('60s');
}
