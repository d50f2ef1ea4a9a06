import { readFileSync } from 'node:fs';
import { enterNetworkNamespace, setNetworkSetting } from '../test/support/sockets/network-namespace.ts';

/** Room for every TIME_WAIT socket of the largest population. */
const MOST_TIME_WAIT = 4_000_000;

let hashEntries: number | undefined;

/**
 * Moves this thread, and what it starts from now on, into a fresh network namespace with a table of connections of its
 * own, as large as the host's. With the host's table every dump would also pay for the sockets of everybody else.
 */
export function enterBenchNamespace(): void {
  hashEntries ??= leaveHost();
  setNetworkSetting('ipv4/tcp_child_ehash_entries', String(hashEntries));
  enter();
  if (readHashEntries() !== hashEntries)
    throw new Error(`the namespace has no table of ${hashEntries} entries of its own`);
  setNetworkSetting('ipv4/tcp_max_tw_buckets', String(MOST_TIME_WAIT));
  setNetworkSetting('ipv4/tcp_tw_reuse', '0');
}

/** The setting for child namespaces is made in one that is nobody else's: the host's own stays as it is. */
function leaveHost(): number {
  const entries = Math.abs(readHashEntries());
  enter();
  return entries;
}

function enter(): void {
  const refusal = enterNetworkNamespace();
  if (refusal !== undefined) throw new Error(refusal);
}

/** Negative in a namespace that shares its parent's table. */
function readHashEntries(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/tcp_ehash_entries', 'utf8'));
}
