/** uid of each dashboard, the end of its URL. */
export const UIDS = {
  triage: 'tcpstate-triage',
  host: 'tcpstate-host',
  fleet: 'tcpstate-fleet',
  pods: 'tcpstate-pods',
  exporter: 'tcpstate-exporter',
} as const;

/** Where a cell stands: its row names the host, or the dashboard has chosen it. */
export type Place = 'triage' | 'host';

/** From the owner of a row to what the dashboard of its host knows of that process. */
export function ownerLink(place: Place): CellLink {
  return filteredLink('Everything of this process', place, 'process', 'Process');
}

/** From the destination of a row to what the dashboard of its host knows of that peer. */
export function peerLink(place: Place): CellLink {
  return filteredLink('Everything towards this destination', place, 'remote_ip', 'Destination');
}

function filteredLink(title: string, place: Place, variable: string, column: string): CellLink {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the cell or the variable in
  const host = place === 'triage' ? 'var-instance=${__data.fields.Host}' : '${instance:queryparam}';
  const chosen = `\${datasource:queryparam}&\${cluster:queryparam}&\${job:queryparam}&${host}`;
  return { title, url: `/d/${UIDS.host}?${chosen}&var-${variable}=\${__data.fields.${column}}&\${__url_time_range}` };
}

export interface CellLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank?: boolean;
}

/** From a pod of a row that names its host to what is known of that pod. */
export const POD_LINK: CellLink = {
  title: 'Everything of this pod',
  url: `/d/${UIDS.pods}?\${datasource:queryparam}&\${cluster:queryparam}&\${job:queryparam}&var-instance=\${__data.fields.Host}&var-netns=\${__value.text}&\${__url_time_range}`,
};

/** From a table cell to the Host dashboard of that row, at the same time. */
export const HOST_LINK = {
  title: 'Everything of this host',
  url: `/d/${UIDS.host}?\${datasource:queryparam}&\${cluster:queryparam}&\${job:queryparam}&var-instance=\${__value.text}&from=\${__from}&to=\${__to}`,
} as const;
