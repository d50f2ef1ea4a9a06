import type { TcpCounters } from '../../../model/tcp-counters.ts';
import { ownFile, readRequiredFile } from './proc-file.ts';
import { type MibNames, parseMib } from './proc-mib.ts';

/** Reads the TCP-MIB counters of the calling thread's network namespace. */
export function readSnmp(procfs: string): TcpCounters {
  const path = ownFile(procfs, 'net/snmp');
  return parseSnmp(readRequiredFile(path), path);
}

/** The `Tcp:` lines of /proc/net/snmp (net/ipv4/proc.c, snmp4_tcp_list). `path` is for errors. */
export function parseSnmp(text: string, path: string): TcpCounters {
  const counters = parseMib(text, { path, prefix: 'Tcp' }, TCP_NAMES);
  if (counters === undefined) throw new Error(`${path}: no "Tcp:" lines`);
  return counters;
}

const TCP_NAMES = {
  activeOpens: 'ActiveOpens',
  passiveOpens: 'PassiveOpens',
  attemptFails: 'AttemptFails',
  estabResets: 'EstabResets',
  inSegments: 'InSegs',
  outSegments: 'OutSegs',
  retransmittedSegments: 'RetransSegs',
  inErrors: 'InErrs',
  sentResets: 'OutRsts',
} as const satisfies MibNames<string> & { readonly [F in keyof TcpCounters]?: string };
