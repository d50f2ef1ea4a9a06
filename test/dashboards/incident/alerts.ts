import { writeFileSync } from 'node:fs';
import { readAlerts } from '../../alerts/rule-files.ts';
import type { Prometheus, Series } from '../prometheus.ts';
import { END_SECONDS, MINUTES } from './course.ts';

const START = END_SECONDS - 60 * MINUTES;

/**
 * The ALERTS and ALERTS_FOR_STATE series that Prometheus would have written: promtool evaluates recording rules over the
 * past but no alerts, so their expressions are asked minute by minute and `for` is counted here.
 */
export async function writeAlerts(prometheus: Prometheus, file: string): Promise<void> {
  const lines: string[] = [];
  for (const { alert, expr, for: duration, labels } of readAlerts()) {
    const series = await prometheus.queryRange(expr, START, END_SECONDS, 60);
    for (const one of series) lines.push(...alertSamples(alert, labels.severity!, minutesOf(duration!), one));
  }
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`);
}

function alertSamples(alert: string, severity: string, pendingMinutes: number, { metric, values }: Series): string[] {
  const { __name__: _, ...own } = metric;
  const labels = Object.entries({ alertname: alert, severity, ...own })
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',');
  let activeSince = Number.NaN;
  let last = Number.NaN;
  return values.flatMap(([time]) => {
    if (time !== last + 60) activeSince = time;
    last = time;
    const state = time - activeSince >= 60 * pendingMinutes ? 'firing' : 'pending';
    return [`ALERTS{${labels},alertstate="${state}"} 1 ${time}`, `ALERTS_FOR_STATE{${labels}} ${activeSince} ${time}`];
  });
}

function minutesOf(duration: string): number {
  const [, count, unit] = /^(\d+)([mh])$/.exec(duration)!;
  return Number(count) * (unit === 'h' ? 60 : 1);
}
