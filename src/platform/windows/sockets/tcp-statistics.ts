import type { TcpCounters } from '../../../model/tcp-counters.ts';
import { HEADERS } from '../dll/headers.ts';
import type { Iphlpapi } from '../dll/iphlpapi.ts';
import { WindowsError, WindowsErrorCode } from '../dll/windows-error.ts';

/** MIB_TCPSTATS (tcpmib.h): 15 DWORDs; the index of each counter. */
export const MIB_TCPSTATS = {
  length: 15,
  activeOpens: 4,
  passiveOpens: 5,
  attemptFails: 6,
  estabResets: 7,
  inSegments: 9,
  outSegments: 10,
  retransmittedSegments: 11,
  inErrors: 12,
  sentResets: 13,
} as const;

type Counter = Exclude<keyof typeof MIB_TCPSTATS, 'length'>;

const COUNTERS = Object.keys(MIB_TCPSTATS).filter((name) => name !== 'length') as Counter[];

/** Reads the TCP-MIB counters, both address families together. */
export function readTcpStatistics(iphlpapi: Iphlpapi): TcpCounters {
  const v4 = read(iphlpapi, HEADERS.AF_INET);
  const v6 = read(iphlpapi, HEADERS.AF_INET6);
  if (v4 === undefined && v6 === undefined) throw new WindowsError('GetTcpStatisticsEx', WindowsErrorCode.notSupported);
  return addTcpStatistics([v4, v6].filter((statistics) => statistics !== undefined));
}

/**
 * The sums of 32-bit counters, also cut to 32 bits: each counter wraps at 2^32, so the sum must wrap too or it would
 * jump.
 */
export function addTcpStatistics(families: readonly Uint32Array[]): TcpCounters {
  const sums = COUNTERS.map((name) => [
    name,
    families.reduce((sum, statistics) => (sum + statistics[MIB_TCPSTATS[name]]!) >>> 0, 0),
  ]);
  return Object.fromEntries(sums);
}

/** Undefined if the machine lacks the family. */
function read(iphlpapi: Iphlpapi, family: number): Uint32Array | undefined {
  const statistics = new Uint32Array(MIB_TCPSTATS.length);
  const code = iphlpapi.getTcpStatisticsEx(statistics, family);
  if (code === WindowsErrorCode.notSupported) return undefined;
  if (code !== WindowsErrorCode.success) throw new WindowsError(`GetTcpStatisticsEx(${family})`, code);
  return statistics;
}
