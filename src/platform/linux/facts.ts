import type { CollectorName } from '../../model/collectors.ts';
import type { Facts } from '../../model/snapshot.ts';
import type { FactCollector, PlatformOptions } from '../platform.ts';
import { readConntrack } from './procfs/conntrack.ts';
import { readEphemeralRules } from './procfs/ephemeral-rules.ts';
import { createNamespaceReader, type Self } from './procfs/namespace.ts';
import { readPageSize } from './procfs/page-size.ts';
import { readNetstat } from './procfs/proc-netstat.ts';
import { readSnmp } from './procfs/proc-snmp.ts';
import { readTcpMemory } from './procfs/proc-sockstat.ts';
import { readSettings } from './procfs/settings.ts';

/** The enabled collectors that need no socket table, in the order they run. `own`: where the exporter sees itself. */
export function createFactCollectors(
  options: Pick<PlatformOptions, 'procfs' | 'collectors'>,
  own?: Self,
): FactCollector[] {
  const { procfs, collectors } = options;
  const all: readonly [CollectorName, () => Facts][] = [
    ['ephemeral_ports', () => ({ ephemeral: readEphemeralRules(procfs) })],
    ['counters', () => ({ counters: { ...readSnmp(procfs), ...readNetstat(procfs) } })],
    ['memory', memoryCollector(procfs)],
    ['conntrack', () => presentOnly('conntrack', readConntrack(procfs))],
    ['settings', () => ({ settings: readSettings(procfs) })],
    ['namespace', namespaceCollector(procfs, own)],
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

function namespaceCollector(procfs: string, own: Self | undefined): () => Facts {
  const readNamespaces = createNamespaceReader(procfs, own);
  return () => {
    const namespace = readNamespaces();
    return Object.keys(namespace).length === 0 ? {} : { namespace };
  };
}

function presentOnly<Part extends keyof Facts>(part: Part, value: Facts[Part] | undefined): Facts {
  return value === undefined ? {} : { [part]: value };
}
