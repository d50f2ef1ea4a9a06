import type { ConnectionCell } from '../model/socket-counts.ts';
import { ADVICE, sayDo } from './advice.ts';
import type { Finding } from './finding.ts';
import type { Advice } from './pod-advice.ts';
import { isNamed } from './words.ts';

/** What a rule knows of a finding; what it means and what to do come from the table of advice. */
export type Found = Pick<Finding, 'kind' | 'severity' | 'subject' | 'numbers' | 'headline'> & {
  readonly details?: readonly string[];
  readonly owner?: Finding['owner'] | undefined;
};

export function toFinding({ owner, details = [], ...found }: Found): Finding {
  const { alert, means, doNot }: Advice = ADVICE[found.kind];
  const process = owner?.process ?? ('process' in found.subject ? found.subject.process : undefined);
  return {
    ...found,
    details,
    ...(owner !== undefined && { owner }),
    means,
    do: sayDo(found.kind, process !== undefined && isNamed(process) ? process : undefined),
    doNot,
    ...(alert !== undefined && { alert, runbook: alert.toLowerCase() }),
  };
}

/** A destination as what a finding is about; by connections it has no local address. */
export function subjectOf(
  to: Pick<ConnectionCell, 'remoteIp' | 'remoteName'> & {
    readonly remotePort: number | string;
    readonly localIp?: string;
  },
): Finding['subject'] {
  const { remoteIp, remotePort, remoteName = '', localIp = '' } = to;
  return {
    type: 'destination',
    family: remoteIp.includes(':') ? 'ipv6' : 'ipv4',
    localIp,
    remoteIp,
    remotePort: Number(remotePort),
    ...(remoteName !== '' && { remoteName }),
  };
}

/** The numbers that are known. */
export function known(numbers: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
