import { line, type PlaceablePanel } from '../layout.ts';
import { HOST_LINK } from '../links.ts';
import { timeseries } from '../panels.ts';
import { chosen, recent } from '../promql.ts';
import { ANY_SETTING, changedSettings } from '../settings.ts';
import { STATE_NOTES } from '../states.ts';
import { table } from '../table.ts';

/** What differs between hosts, and what changed. */
export function changes(): PlaceablePanel[] {
  return [
    ...line(9, [10, states()], [14, alertsOverTime()]),
    ...line(10, [8, changed()], [8, differing()], [8, versions()]),
  ];
}

function states() {
  return timeseries({
    title: 'Sockets by state',
    description: 'All chosen hosts together.',
    unit: 'short',
    stacked: true,
    queries: [{ expr: `sum by (state) (${chosen('instance:tcpstate_sockets:sum')})`, legend: '{{state}}' }],
    colors: Object.fromEntries(STATE_NOTES.map(({ state, color }) => [state, color])),
  });
}

function alertsOverTime() {
  return timeseries({
    title: 'Firing alerts',
    description: 'Hosts on which each alert fires.',
    unit: 'none',
    decimals: 0,
    noValue: 'Nothing fired.',
    queries: [
      {
        expr: `count by (alertname) (${chosen('ALERTS', 'alertstate="firing", alertname=~"Tcp.+"')})`,
        legend: '{{alertname}}',
      },
    ],
  });
}

function changed() {
  return table({
    title: 'Settings that changed',
    description: 'In the time range chosen above: who touched what.',
    noValue: 'No setting changed.',
    labels: [
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'setting', name: 'Setting' },
      { label: 'family', name: 'Family', width: 75 },
    ],
    values: [{ name: 'Changes', expr: changedSettings('$__range'), unit: 'none', width: 90 }],
    sortBy: 'Changes',
  });
}

function differing() {
  const settings = `last_over_time({${ANY_SETTING}, job=~"$job", instance=~"$instance"}[3m])`;
  const values = `count_values by (__name__) ("value", ${settings})`;
  return table({
    title: 'Settings that differ between hosts',
    description: 'Each value of a setting that has more than one, and on how many hosts (families counted each).',
    noValue: 'All hosts agree.',
    labels: [
      { label: '__name__', name: 'Setting' },
      { label: 'value', name: 'Value', width: 110 },
    ],
    values: [
      {
        name: 'Hosts',
        expr: `${values} and on (__name__) (count by (__name__) (${values}) > 1)`,
        unit: 'none',
        width: 80,
      },
    ],
    sortBy: 'Setting',
  });
}

function versions() {
  return table({
    title: 'Exporter versions',
    description: 'Hosts by version, runtime and platform.',
    labels: [
      { label: 'version', name: 'Version' },
      { label: 'revision', name: 'Revision' },
      { label: 'node_version', name: 'Node.js' },
      { label: 'platform', name: 'Platform' },
    ],
    values: [
      {
        name: 'Hosts',
        expr: `count by (version, revision, node_version, platform) (${recent('tcpstate_exporter_build_info')})`,
        unit: 'none',
        width: 80,
      },
    ],
    sortBy: 'Hosts',
  });
}
