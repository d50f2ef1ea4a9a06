import { readFileSync } from 'node:fs';

const RUNBOOK = readFileSync(new URL('../deploy/prometheus/runbook.md', import.meta.url), 'utf8');

/** Alert → anchor of its section in the runbook, as GitHub makes it of the heading. */
export const ALERT_SECTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  [...RUNBOOK.matchAll(/^## (Tcp\w+)$/gm)].map(([, alert]) => [alert!, alert!.toLowerCase()]),
);
