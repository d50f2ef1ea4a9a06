import { line, type PlaceablePanel } from '../layout.ts';
import { HOST_LINK } from '../links.ts';
import { timeseries } from '../panels.ts';
import { CHOSEN, chosen, recent } from '../promql.ts';
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
    legend: 'right',
    queries: [{ expr: `sum by (state) (${chosen('instance:tcpstate_sockets:sum')})`, legend: '{{state}}' }],
    colors: Object.fromEntries(STATE_NOTES.map(({ state, color }) => [state, color])),
  });
}

function alertsOverTime() {
  return timeseries({
    title: 'Firing alerts',
    description: 'How often each alert fires, over all hosts.',
    unit: 'none',
    stacked: true,
    legend: 'right',
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
    description: 'Settings that changed in the time range chosen above, and on which host.',
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
  return table({
    title: 'Settings that differ between hosts',
    description:
      'Settings with more than one value among the hosts of a platform, and how many hosts have each. Port ranges: IPv4.',
    labels: [
      { label: 'platform', name: 'Platform', width: 80 },
      { label: '__name__', name: 'Setting' },
      { label: 'value', name: 'Value', width: 90 },
    ],
    values: [
      {
        name: 'Hosts',
        expr: `${valuesOn('linux', 'platform!="win32"')}\nor ${valuesOn('windows', 'platform="win32"')}`,
        unit: 'none',
        width: 65,
      },
    ],
    sortBy: 'Setting',
  });
}

/** Hosts by setting and value, of the settings that have several values. */
function valuesOn(platform: string, matcher: string): string {
  const settings = `last_over_time({${ANY_SETTING}, family!="ipv6", ${CHOSEN}}[3m])`;
  const ofPlatform = `${settings} and on (job, instance) ${recent('tcpstate_exporter_build_info', matcher)}`;
  const values = `count_values by (__name__) ("value", ${ofPlatform})`;
  const several = `${values} and on (__name__) (count by (__name__) (${values}) > 1)`;
  return `label_replace(${several}, "platform", "${platform}", "", "")`;
}

function versions() {
  return table({
    title: 'Exporter versions',
    description: 'Hosts by version, runtime and platform.',
    labels: [
      { label: 'version', name: 'Version', width: 80 },
      { label: 'revision', name: 'Revision', width: 95 },
      { label: 'node_version', name: 'Node.js', width: 95 },
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
