import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';

const RUNBOOK = 'https://github.com/tcpstate-exporter/tcpstate-exporter/blob/main/deploy/prometheus/runbook.md';

/** Every alert name begins like this; a test compares those used here with the rules. */
export type AlertName = `Tcp${string}`;

export function runbookUrl(alert?: AlertName): string {
  return alert === undefined ? RUNBOOK : `${RUNBOOK}#${alert.toLowerCase()}`;
}

export function linkToRunbook(alert?: AlertName): DashboardLinkBuilder {
  const title = alert === undefined ? 'Runbook' : `Runbook: ${alert}`;
  return new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .icon('doc')
    .url(runbookUrl(alert))
    .targetBlank(true);
}
