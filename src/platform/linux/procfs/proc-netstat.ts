import type { TcpCounters } from '../../../model/tcp-counters.ts';
import { ownFile, readOptionalFile } from './proc-file.ts';
import { type MibNames, parseMib } from './proc-mib.ts';

/** Reads Linux' own TCP counters of the calling thread's network namespace; empty if the kernel has no such file. */
export function readNetstat(procfs: string): TcpCounters {
  const path = ownFile(procfs, 'net/netstat');
  const text = readOptionalFile(path);
  return text === undefined ? {} : parseNetstat(text, path);
}

/** The `TcpExt:` lines of /proc/net/netstat (net/ipv4/proc.c, snmp4_net_list). `path` is for errors. */
export function parseNetstat(text: string, path: string): TcpCounters {
  return parseMib(text, { path, prefix: 'TcpExt' }, TCP_EXT_NAMES) ?? {};
}

const TCP_EXT_NAMES = {
  listenOverflows: 'ListenOverflows',
  listenDrops: 'ListenDrops',
  embryonicResets: 'EmbryonicRsts',
  timeWaitEntered: 'TW',
  timeWaitReused: 'TWRecycled', // connect() took over a TIME_WAIT port (__inet_check_established)
  timeWaitOverflows: 'TCPTimeWaitOverflow',
  syncookiesSent: 'SyncookiesSent',
  syncookiesReceived: 'SyncookiesRecv',
  syncookiesFailed: 'SyncookiesFailed',
  requestQueueFullDrops: 'TCPReqQFullDrop',
  requestQueueFullCookies: 'TCPReqQFullDoCookies',
  synChallenges: 'TCPSYNChallenge',
  pawsActiveRejects: 'PAWSActive',
  pawsPassiveRejects: 'PAWSPassive',
  pawsEstablishedRejects: 'PAWSEstab',
  pawsOldAcks: 'PAWSOldAck',
  pawsTimeWaitRejects: 'PAWSTimewait',
  timestampEchoRejects: 'TSEcrRejected',
  abortOnMemory: 'TCPAbortOnMemory',
  abortOnTimeout: 'TCPAbortOnTimeout',
  abortOnClose: 'TCPAbortOnClose',
  abortOnData: 'TCPAbortOnData',
  abortOnLinger: 'TCPAbortOnLinger',
  abortFailed: 'TCPAbortFailed',
  retransmissionTimeouts: 'TCPTimeouts',
  synRetransmits: 'TCPSynRetrans',
  memoryPressures: 'TCPMemoryPressures',
  socketBacklogDrops: 'TCPBacklogDrop',
} as const satisfies MibNames<string> & { readonly [F in keyof TcpCounters]?: string };
