import { spawnSync } from 'node:child_process';
import { formatAddress, isIpv4, parseAddress } from '../../../src/model/ip-address.ts';
import type { FamilyLabel } from '../../../src/model/socket-counts.ts';

/** One socket as `ss` shows it, in the words of the page. */
export interface SsSocket {
  readonly family: FamilyLabel;
  readonly state: string;
  readonly localIp: string;
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
  /** Of a listener: the length and the limit of its accept queue. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** 0 where the kernel keeps no owner. */
  readonly inode: number;
  /** Undefined where the kernel keeps no owner. */
  readonly process: string | undefined;
}

/** The words of `ss` → label values. */
export const STATES: Readonly<Record<string, string>> = {
  LISTEN: 'listen',
  ESTAB: 'established',
  'SYN-SENT': 'syn_sent',
  'SYN-RECV': 'syn_recv',
  'FIN-WAIT-1': 'fin_wait1',
  'FIN-WAIT-2': 'fin_wait2',
  'TIME-WAIT': 'time_wait',
  'CLOSE-WAIT': 'close_wait',
  'LAST-ACK': 'last_ack',
  CLOSING: 'closing',
  UNCONN: 'bound',
};

/** Every TCP socket of this thread's network namespace, in no order. Bound-but-idle ones where this `ss` knows them. */
export function readSs(): SsSocket[] {
  const all = runSs('-Htanpe').filter((line) => !line.startsWith('UNCONN'));
  // where only one state is asked for, ss leaves its column out
  const bound = ssKnowsBound() ? runSs('-Htanpe', 'state', 'bound-inactive').map((line) => `UNCONN ${line}`) : [];
  return [...all, ...bound].map(parseLine);
}

let knowsBound: boolean | undefined;

/** Whether this `ss` shows sockets that are bound and nothing else. */
export function ssKnowsBound(): boolean {
  knowsBound ??= runSs('--help').some((line) => line.includes('bound-inactive'));
  return knowsBound;
}

function runSs(...args: string[]): string[] {
  const { error, status, stdout, stderr } = spawnSync('ss', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined || status !== 0) throw new Error(`ss: ${error?.message ?? stderr}`);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

function parseLine(line: string): SsSocket {
  const [state, receiveQueue, sendQueue, local, remote] = line.trim().split(/\s+/) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const label = STATES[state];
  if (label === undefined) throw new Error(`ss names a state we do not know: ${line}`);
  const [from, to] = [parseEnd(local), parseEnd(remote)];
  return {
    family: from.isIpv4 || to.isIpv4 ? 'ipv4' : 'ipv6',
    state: label,
    localIp: from.ip,
    localPort: from.port,
    remoteIp: to.ip,
    remotePort: to.port,
    receiveQueue: Number(receiveQueue),
    sendQueue: Number(sendQueue),
    inode: Number(/ ino:(\d+) /.exec(line)?.[1] ?? 0),
    process: /users:\(\("([^"]+)"/.exec(line)?.[1],
  };
}

/** `127.0.0.1:80`, `[::1]:80`, `[::ffff:127.0.0.1]:80`, `0.0.0.0:*`, and `*:80` for a socket of both families. */
function parseEnd(end: string): { ip: string; port: number; isIpv4: boolean } {
  const colon = end.lastIndexOf(':');
  const host = end.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const words = parseAddress(host === '*' ? '::' : host);
  if (words === undefined) throw new Error(`ss printed no address: ${end}`);
  const port = end.slice(colon + 1);
  return {
    ip: formatAddress(words),
    port: port === '*' ? 0 : Number(port),
    isIpv4: isIpv4(words[0], words[1], words[2]),
  };
}
