import { ALERT_SECTIONS } from '../alert-sections.ts';
import { HOST_LINK } from '../links.ts';
import { CHOSEN, chosen } from '../promql.ts';
import { runbookUrl } from '../runbook.ts';
import { table } from '../table.ts';
import { SEVERITY_COLUMN } from './severity.ts';

const ROW = 'alertname, instance, process';

/** One row for each alert that fires, critical ones first. */
export function alertsTable() {
  const firing = chosen('ALERTS', 'alertstate="firing", alertname=~"Tcp.+"');
  const severity = ([word, rank]: readonly [string, number]) =>
    `0 * max by (${ROW}) (ALERTS{${CHOSEN}, alertstate="firing", alertname=~"Tcp.+", severity="${word}"}) + ${rank}`;
  const ranks = [['critical', 3] as const, ['warning', 2] as const, ['info', 1] as const].map(severity);
  const since = `max by (${ROW}) (${chosen('ALERTS_FOR_STATE', 'alertname=~"Tcp.+"')} and ignoring (alertstate) ${firing})`;
  return table({
    title: 'What fires',
    description:
      'Alerts that fire now, critical ones first, whatever process is chosen. An alert leads to its section of the runbook, a host to its dashboard.',
    labels: [
      { label: 'alertname', name: 'Alert', width: 230, link: RUNBOOK_LINK },
      { label: 'section', name: 'Section', isHidden: true, words: ALERT_SECTIONS },
      { label: 'instance', name: 'Host', link: HOST_LINK },
      { label: 'process', name: 'Process', width: 90 },
    ],
    values: [
      { ...SEVERITY_COLUMN, name: 'Severity', expr: withSection(ranks.join('\nor ')) },
      { name: 'For', expr: withSection(`time() - ${since}`), unit: 's', decimals: 0, width: 80 },
    ],
    sortBy: 'Severity',
  });
}

/** The hidden column says the name of the section, which Grafana cannot make of the alert's: it has no lower case. */
const RUNBOOK_LINK = {
  title: 'What to do: the runbook',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the cell in
  url: `${runbookUrl()}#${'${__data.fields.Section}'}`,
  targetBlank: true,
} as const;

function withSection(expression: string): string {
  return `label_replace(${expression}, "section", "$1", "alertname", "(.+)")`;
}
