import type { TcpMemory } from '../../../model/snapshot.ts';
import { parseKernelCount } from './kernel-number.ts';
import { ownFile, readOptionalFile } from './proc-file.ts';
import { readSysctl, readSysctlList } from './sysctl.ts';

/**
 * Orphans, memory and sockets of TCP. Each counts IPv4 and IPv6 of the whole host, whatever the network namespace
 * (net/ipv4/tcp.c); sockstat6 has none of them and is not read. The limits are absent outside the initial network
 * namespace, where the kernel hides these settings.
 */
export function readTcpMemory(procfs: string, pageSize: number): TcpMemory {
  const orphanLimit = readSysctl(procfs, 'net/ipv4/tcp_max_orphans');
  const memoryLimitPages = readSysctlList(procfs, 'net/ipv4/tcp_mem', 3)?.[2];
  return {
    ...readOrphansAndBytes(procfs, pageSize),
    ...(orphanLimit === undefined ? {} : { orphanLimit }),
    ...(memoryLimitPages === undefined ? {} : { limitBytes: memoryLimitPages * pageSize }),
  };
}

/** The `TCP:` line of /proc/net/sockstat (net/ipv4/proc.c, sockstat_seq_show). */
export interface Sockstat {
  readonly orphans?: number;
  readonly memoryPages?: number;
  readonly allocated?: number;
}

/** `path` is for errors. Empty without a `TCP:` line, or if it lacks a field. */
export function parseSockstat(text: string, path: string): Sockstat {
  const lines = text.split('\n');
  const index = lines.findIndex((line) => line.startsWith('TCP:'));
  if (index < 0) return {};
  const where = `${path}, line ${index + 1}`;
  const fields = lines[index]!.trim().split(/\s+/).slice(1);
  if (fields.length % 2 !== 0) throw new Error(`${where}: a name without a value`);
  const orphans = countOf(fields, 'orphan', where);
  const memoryPages = countOf(fields, 'mem', where);
  const allocated = countOf(fields, 'alloc', where);
  return {
    ...(orphans === undefined ? {} : { orphans }),
    ...(memoryPages === undefined ? {} : { memoryPages }),
    ...(allocated === undefined ? {} : { allocated }),
  };
}

function readOrphansAndBytes(procfs: string, pageSize: number): TcpMemory {
  const path = ownFile(procfs, 'net/sockstat');
  const text = readOptionalFile(path);
  if (text === undefined) return {};
  const { orphans, memoryPages, allocated } = parseSockstat(text, path);
  return {
    ...(orphans === undefined ? {} : { orphans }),
    ...(memoryPages === undefined ? {} : { bytes: memoryPages * pageSize }),
    ...(allocated === undefined ? {} : { allocated }),
  };
}

/** Fields alternate: name, value, name, value. */
function countOf(fields: readonly string[], name: string, where: string): number | undefined {
  const index = fields.findIndex((field, at) => at % 2 === 0 && field === name);
  return index < 0 ? undefined : parseKernelCount(fields[index + 1]!, `${where}, ${name}`);
}
