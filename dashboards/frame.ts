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
import type { PlaceablePanel, Section } from './layout.ts';
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
  /** Whether process and destination can be chosen; only where panels have these labels. */
  readonly hasFilters?: boolean;
  /** Whether namespace and pod can be chosen; only where panels are about other network namespaces. */
  readonly hasPods?: boolean;
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
    .variables([
      dataSourceVariable(),
      ...hostVariables(),
      ...(spec.hasFilters === true ? filterVariables() : []),
      ...(spec.hasPods === true ? podVariables() : []),
    ])
    .links([linkToOthers(), linkToRunbook()])
    .annotations([firingAlerts(), restarts(), settingChanges()]);
  for (const { title, panels, isCollapsed } of spec.sections) {
    if (title !== undefined)
      builder.withRow(isCollapsed === true ? collapsedRow(title, panels) : new RowBuilder(title));
    if (isCollapsed !== true) for (const panel of panels) builder.withPanel(panel);
  }
  return finish(builder.build());
}

function dataSourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

function collapsedRow(title: string, panels: readonly PlaceablePanel[]): RowBuilder {
  const row = new RowBuilder(title).collapsed(true);
  for (const panel of panels) row.withPanel(panel);
  return row;
}

/** `.*` matches series without the label too: a Prometheus with one cluster has no label `cluster`. */
function hostVariables(): QueryVariableBuilder[] {
  const info = 'tcpstate_exporter_build_info';
  return [
    labelVariable('cluster', 'Cluster', `label_values(${info}, cluster)`, '.*'),
    labelVariable('job', 'Job', `label_values(${info}{cluster=~"$cluster"}, job)`, '.+'),
    labelVariable('instance', 'Host', `label_values(${info}{cluster=~"$cluster", job=~"$job"}, instance)`, '.+'),
  ];
}

function filterVariables(): QueryVariableBuilder[] {
  return [
    labelVariable('process', 'Process', `label_values(tcpstate_process_sockets{${CHOSEN}}, process)`, '.*'),
    labelVariable('remote_ip', 'Destination', `label_values(tcpstate_remote_ip_sockets{${CHOSEN}}, remote_ip)`, '.*'),
  ];
}

function podVariables(): QueryVariableBuilder[] {
  const info = `tcpstate_netns_info{${CHOSEN}}`;
  return [
    labelVariable('namespace', 'Namespace', `label_values(${info}, namespace)`, '.*'),
    labelVariable('netns', 'Pod', `label_values(${info}, netns)`, '.*'),
  ];
}

function labelVariable(name: string, label: string, query: string, allValue: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .query({ query, refId: name })
    .definition(query)
    .datasource(DATA_SOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(allValue)
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
