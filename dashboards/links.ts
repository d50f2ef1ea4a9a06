/** uid of each dashboard, the end of its URL. */
export const UIDS = {
  triage: 'tcpstate-triage',
  host: 'tcpstate-host',
  fleet: 'tcpstate-fleet',
  exporter: 'tcpstate-exporter',
} as const;

/** From a table cell to the Host dashboard of that row, at the same time. */
export const HOST_LINK = {
  title: 'Everything of this host',
  url: `/d/${UIDS.host}?var-datasource=\${datasource}&var-job=\${job}&var-instance=\${__value.text}&from=\${__from}&to=\${__to}`,
} as const;
