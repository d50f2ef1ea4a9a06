import type { CollectorName } from '../../model/collectors.ts';
import type { Facts } from '../../model/snapshot.ts';
import type { FactCollector, PlatformOptions } from '../platform.ts';
import { readConntrack } from './procfs/conntrack.ts';
import { readEphemeralRules } from './procfs/ephemeral-rules.ts';
import { readIsHostNamespace } from './procfs/namespace.ts';
import { readPageSize } from './procfs/page-size.ts';
import { readNetstat } from './procfs/proc-netstat.ts';
import { readSnmp } from './procfs/proc-snmp.ts';
import { readTcpMemory } from './procfs/proc-sockstat.ts';
import { readSettings } from './procfs/settings.ts';

/** The collectors that need no socket table and are on, in the order they run. `ownProcfs`: where this process sees itself. */
export function createFactCollectors(
  options: Pick<PlatformOptions, 'procfs' | 'collectors'>,
  ownProcfs = '/proc',
): FactCollector[] {
  const { procfs, collectors } = options;
  const all: readonly [CollectorName, () => Facts][] = [
    ['ephemeral_ports', () => ({ ephemeral: readEphemeralRules(procfs) })],
    ['counters', () => ({ counters: { ...readSnmp(procfs), ...readNetstat(procfs) } })],
    ['memory', memoryCollector(procfs)],
    ['conntrack', () => presentOnly('conntrack', readConntrack(procfs))],
    ['settings', () => ({ settings: readSettings(procfs) })],
    ['namespace', () => collectNamespace(procfs, ownProcfs)],
  ];
  return all.filter(([name]) => collectors.has(name)).map(([name, collect]) => ({ name, source: 'procfs', collect }));
}

function memoryCollector(procfs: string): () => Facts {
  let pageSize: number | undefined;
  return () => {
    pageSize ??= readPageSize(procfs);
    return { memory: readTcpMemory(procfs, pageSize) };
  };
}

function collectNamespace(procfs: string, ownProcfs: string): Facts {
  const isHost = readIsHostNamespace(procfs, ownProcfs);
  return presentOnly('namespace', isHost === undefined ? undefined : { isHost });
}

function presentOnly<Part extends keyof Facts>(part: Part, value: Facts[Part] | undefined): Facts {
  return value === undefined ? {} : { [part]: value };
}
