import type { Snapshot } from '../model/snapshot.ts';
import { findAcceptQueues } from './accept-queues.ts';
import { applyChosen } from './chosen.ts';
import { findCloseWait } from './close-wait.ts';
import { type Found, toFinding } from './compose.ts';
import { findConnections, findSilentPeers } from './connections.ts';
import { findConntrack } from './conntrack.ts';
import { findDescriptors } from './descriptors.ts';
import type { Evidence } from './evidence.ts';
import { findFailedConnects } from './failed-connects.ts';
import { type ChosenLimits, type Figure, readFigures, withChosenLimits } from './figures.ts';
import type { Finding, Severity } from './finding.ts';
import { type Headroom, measureHeadroom } from './headroom.ts';
import { findKernelLimits } from './kernel-limits.ts';
import { findPods } from './pods.ts';
import { findPorts } from './ports.ts';
import { findPortsGrowth } from './ports-growth.ts';
import { findSynBacklog } from './syn-backlog.ts';
import { type Thresholds, thresholdsOf } from './thresholds.ts';
import { findTimeWait, findTimeWaitTable } from './time-wait.ts';
import { findUnreusedConnections } from './unreused-connections.ts';
import { findView } from './view.ts';

/** `unknown`: nothing is known to be wrong, but what there is to know could not be seen. */
export type Status = 'ok' | 'warning' | 'critical' | 'unknown';

export interface Verdict {
  readonly status: Status;
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** How near every limit is, whatever the status. */
  readonly headroom: readonly Headroom[];
  readonly figures: readonly Figure[];
}

/** What the user chose: other thresholds, and limits of figures. */
export interface Choice {
  readonly thresholds?: Thresholds;
  readonly warn?: ChosenLimits;
  readonly crit?: ChosenLimits;
}

const RULES: readonly ((evidence: Evidence) => Found[])[] = [
  findFailedConnects,
  findPorts,
  findPortsGrowth,
  findTimeWait,
  findAcceptQueues,
  findCloseWait,
  findPods,
  findDescriptors,
  findConntrack,
  findSynBacklog,
  findConnections,
  findSilentPeers,
  findKernelLimits,
  findTimeWaitTable,
  findUnreusedConnections,
  findView,
];

const ORDER: readonly Severity[] = ['critical', 'warning', 'unknown', 'info'];

/** On one thing the first of a row is enough: the same as the inhibitions of deploy/alertmanager. */
const INHIBITS: readonly (readonly string[])[] = [
  ['TcpEphemeralPortsExhausted', 'TcpEphemeralPortsFillingUp', 'TcpEphemeralPortsHigh', 'TcpTimeWaitHigh'],
  ['TcpDestinationFailing', 'TcpConnectsFailing'],
];

/** A look at a host, and one before it if there is one → what is wrong, the worst first. Pure. */
export function judge(
  now: Snapshot,
  before?: { readonly snapshot: Snapshot; readonly secondsAgo: number },
  { thresholds = thresholdsOf(now.config?.thresholds), warn = {}, crit = {} }: Choice = {},
): Verdict {
  const evidence: Evidence = { now, before, thresholds: withChosenLimits(thresholds, warn, crit) };
  const figures = readFigures(evidence, warn, crit);
  const found = applyChosen(
    RULES.flatMap((find) => find(evidence)),
    figures,
    { warn, crit },
  ).map(toFinding);
  const findings = withoutToldTwice(withoutInhibited(found)).toSorted(
    (one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity),
  );
  return { status: statusOf(findings), findings, headroom: measureHeadroom(now), figures };
}

function withoutInhibited(findings: readonly Finding[]): Finding[] {
  const alerts = new Set(findings.map(({ alert }) => alert));
  return findings.filter(({ alert }) => {
    const row = alert === undefined ? undefined : INHIBITS.find((each) => each.includes(alert));
    return row === undefined || row.find((each) => alerts.has(each)) === alert;
  });
}

/** A dead accept queue tells of the clients that gave up there. */
function withoutToldTwice(findings: readonly Finding[]): Finding[] {
  const dead = new Set(
    findings.flatMap(({ kind, subject }) => (kind === 'accept_queue_dead' ? [nameOf(subject)] : [])),
  );
  return findings.filter(({ kind, subject }) => kind !== 'close_wait_unaccepted' || !dead.has(nameOf(subject)));
}

function nameOf(subject: Finding['subject']): string | undefined {
  return 'process' in subject ? subject.process : undefined;
}

function statusOf(findings: readonly Finding[]): Status {
  const worst = findings[0]?.severity;
  return worst === undefined || worst === 'info' ? 'ok' : worst;
}
