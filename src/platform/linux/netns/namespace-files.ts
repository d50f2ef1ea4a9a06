import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { NetnsNumbers } from '../../../model/netns.ts';
import { parseKernelCount } from '../procfs/kernel-number.ts';
import { unreadable } from '../procfs/proc-file.ts';
import { type MibNames, parseMib } from '../procfs/proc-mib.ts';
import { namespaceKeyOf } from './namespace-processes.ts';

/** Larger than any of the files: netstat has 4 KB. */
const BUFFER_BYTES = 64 * 1024;
let buffer: Buffer | undefined;

/**
 * The numbers of the network namespace of a process, as whoever reads: these files need no capability. Undefined if the process is gone or
 * has another namespace: the first file is opened and asked whose it is, and after the last one it has to be the same.
 *
 * An open file in /proc/PID/net keeps its namespace alive, so none stays open.
 */
export function readNamespace(folder: string, key: number): NetnsNumbers | undefined {
  const sockstat = readFile(`${folder}/net/sockstat`, key);
  const sockstat6 = sockstat === undefined ? undefined : readFile(`${folder}/net/sockstat6`);
  const snmp = sockstat === undefined ? undefined : readFile(`${folder}/net/snmp`);
  const netstat = snmp === undefined ? undefined : readFile(`${folder}/net/netstat`);
  if (sockstat === undefined || namespaceKeyOf(folder) !== key) return undefined;
  return parseNamespaceFiles({ sockstat, sockstat6, snmp, netstat }, `${folder}/net`);
}

/** The texts of the files below /proc/PID/net; undefined = this kernel has no such file. `path` is for errors. */
export function parseNamespaceFiles(
  texts: Readonly<Record<'sockstat6' | 'snmp' | 'netstat', string | undefined>> & { readonly sockstat: string },
  path: string,
): NetnsNumbers {
  const { sockstat, sockstat6 = '', snmp, netstat } = texts;
  const inUse4 = countOf(sockstat, 'TCP', 'inuse', `${path}/sockstat`);
  const timeWait = countOf(sockstat, 'TCP', 'tw', `${path}/sockstat`);
  if (inUse4 === undefined || timeWait === undefined) throw new Error(`${path}/sockstat: no count of TCP sockets`);
  const inUse6 = countOf(sockstat6, 'TCP6', 'inuse', `${path}/sockstat6`) ?? 0; // without IPv6 there is none
  return {
    inUse: inUse4 + inUse6,
    timeWait,
    ...(snmp && parseMib(snmp, { path: `${path}/snmp`, prefix: 'Tcp' }, TCP_NAMES)),
    ...(netstat && parseMib(netstat, { path: `${path}/netstat`, prefix: 'TcpExt' }, TCP_EXT_NAMES)),
  };
}

const TCP_NAMES = {
  currEstab: 'CurrEstab',
  activeOpens: 'ActiveOpens',
  passiveOpens: 'PassiveOpens',
  attemptFails: 'AttemptFails',
  estabResets: 'EstabResets',
  outSegments: 'OutSegs',
  retransmittedSegments: 'RetransSegs',
} as const satisfies MibNames<string> & { readonly [F in keyof NetnsNumbers]?: string };

const TCP_EXT_NAMES = {
  listenOverflows: 'ListenOverflows',
  listenDrops: 'ListenDrops',
  timeWaitOverflows: 'TCPTimeWaitOverflow',
} as const satisfies MibNames<string> & { readonly [F in keyof NetnsNumbers]?: string };

/** Undefined if the process is gone, or (`key`) if the file belongs to another namespace. */
function readFile(path: string, key?: number): string | undefined {
  let fd: number | undefined;
  buffer ??= Buffer.allocUnsafe(BUFFER_BYTES);
  try {
    fd = openSync(path, 'r');
    if (key !== undefined && fstatSync(fd).ino !== key) return undefined;
    // less than there is room for is all there is: seq_file fills the buffer, and what is cut off is refused by the parser
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, BUFFER_BYTES, null));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw unreadable(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** EINVAL: a process that ended and waits for its parent has no namespace. ENXIO: the kernel takes the namespace down (get_proc_net). */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EINVAL', 'ENXIO', 'ENOTDIR'].includes(String((error as { code?: unknown }).code));
}

/** `<prefix>: name value name value …` (net/ipv4/proc.c, sockstat_seq_show). */
function countOf(text: string, prefix: string, name: string, path: string): number | undefined {
  const start = text.startsWith(`${prefix}:`) ? 0 : text.indexOf(`\n${prefix}:`) + 1;
  if (start === 0 && !text.startsWith(prefix)) return undefined;
  const end = text.indexOf('\n', start);
  const fields = text.slice(start, end < 0 ? undefined : end).split(' ');
  const index = fields.findIndex((field, at) => at % 2 === 1 && field === name);
  const value = index < 0 ? undefined : fields[index + 1];
  return value === undefined ? undefined : parseKernelCount(value, `${path}, ${prefix} ${name}`);
}
