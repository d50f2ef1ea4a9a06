import type { ReasonLabel } from '../model/socket-counts.ts';
import type { Found } from './compose.ts';
import { allSockets, type Evidence } from './evidence.ts';
import { count, percent } from './words.ts';

/** What cannot be judged from here: wrong namespace, hidden owners, collectors that fail. */
export function findView(evidence: Evidence): Found[] {
  return [...findNamespaces(evidence), ...findFailures(evidence), ...findHiddenOwners(evidence)];
}

function findNamespaces({ now }: Evidence): Found[] {
  const common = { severity: 'unknown', subject: { type: 'exporter' }, numbers: {} } as const;
  return [
    ...(now.namespace?.isHostNetwork === false
      ? [{ ...common, kind: 'wrong_network_namespace', headline: 'This is not the network of the host.' } as const]
      : []),
    ...(now.namespace?.isHostPid === false
      ? [{ ...common, kind: 'wrong_pid_namespace', headline: 'These are not the processes of the host.' } as const]
      : []),
  ];
}

function findFailures({ now }: Evidence): Found[] {
  return now.outcomes
    .filter(({ success }) => !success)
    .map(({ collector, error }) => ({
      kind: 'collector_failing',
      severity: 'unknown',
      subject: { type: 'exporter' },
      numbers: {},
      headline: `The collector ${collector} failed${error === undefined ? '' : `: ${error}`}.`,
    }));
}

/** A share of the sockets that have an owner at all. */
function findHiddenOwners({ now, thresholds }: Evidence): Found[] {
  const cells = now.sockets?.unattributed;
  const all = allSockets(now);
  if (cells === undefined || all === undefined) return [];
  const byReason = new Map<ReasonLabel, number>();
  for (const { reason, sockets } of cells) byReason.set(reason, (byReason.get(reason) ?? 0) + sockets);
  const ownable = all - (byReason.get('kernel') ?? 0);
  byReason.delete('kernel');
  const hidden = [...byReason.values()].reduce((sum, sockets) => sum + sockets, 0);
  if (ownable <= 0 || hidden / ownable <= thresholds.ownersHidden) return [];
  const reasons = [...byReason].filter(([, sockets]) => sockets > 0).sort(([, one], [, other]) => other - one);
  return [
    {
      kind: 'owners_hidden',
      severity: 'info',
      subject: { type: 'exporter' },
      numbers: { hidden, ownable, hiddenRatio: hidden / ownable },
      headline: `The process is unknown for ${count(hidden)} of ${count(ownable)} sockets that have one (${percent(hidden / ownable)}).`,
      details: reasons.map(([reason, sockets]) => `${reason} ${count(sockets)}`),
    },
  ];
}
