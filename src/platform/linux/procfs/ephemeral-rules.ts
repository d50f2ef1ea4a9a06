import type { EphemeralRules, TimeWaitReuse } from '../../../model/ephemeral-rules.ts';
import { type EphemeralRange, type PortInterval, parsePortList } from '../../../model/port-range.ts';
import { ownFile, readOptionalFile } from './proc-file.ts';
import { readTimeWaitSeconds } from './settings.ts';
import { readSysctl, readSysctlList, readSysctlText, sysctlPath } from './sysctl.ts';

/**
 * How long a port must have been in TIME_WAIT before connect() takes it over, on kernels without tcp_tw_reuse_delay
 * (before 6.14).
 */
const DEFAULT_REUSE_DELAY_MS = 1000;

/** How this network namespace hands out ephemeral ports. Linux has one range, for IPv4 and IPv6. */
export function readEphemeralRules(procfs: string): EphemeralRules {
  const range = readRange(procfs);
  return {
    ranges: hasIpv6(procfs) ? { ipv4: range, ipv6: range } : { ipv4: range },
    heldAgainst: 'destination',
    timeWaitReuse: readTimeWaitReuse(procfs),
    timeWaitMs: readTimeWaitSeconds(procfs) * 1000,
  };
}

function readRange(procfs: string): EphemeralRange {
  const name = 'net/ipv4/ip_local_port_range';
  const path = sysctlPath(procfs, name);
  const values = readSysctlList(procfs, name, 2);
  if (values === undefined) throw new Error(`${path} is missing: does --path.procfs name a mounted procfs?`);
  const [first, last] = values as [number, number];
  if (first < 0 || first > last || last > 65_535) throw new Error(`${path}: not a range of ports: ${first}–${last}`);
  return { first, last, excluded: readReservedPorts(procfs) };
}

function readReservedPorts(procfs: string): readonly PortInterval[] {
  const name = 'net/ipv4/ip_local_reserved_ports';
  try {
    return parsePortList(readSysctlText(procfs, name) ?? '');
  } catch (error) {
    throw new Error(`${sysctlPath(procfs, name)}: ${(error as Error).message}`, { cause: error });
  }
}

/** The rules of tcp_twsk_unique() in net/ipv4/tcp_ipv4.c: it takes over no TIME_WAIT port of a connection without timestamps. */
function readTimeWaitReuse(procfs: string): TimeWaitReuse {
  const reuse = readSysctl(procfs, 'net/ipv4/tcp_tw_reuse') ?? 0;
  const isWithoutTimestamps = readSysctl(procfs, 'net/ipv4/tcp_timestamps') === 0;
  const afterMs = readSysctl(procfs, 'net/ipv4/tcp_tw_reuse_delay') ?? DEFAULT_REUSE_DELAY_MS;
  const scope = reuse === 0 ? 'never' : reuse === 2 ? 'loopback' : 'always';
  return { scope, afterMs, ...(isWithoutTimestamps && { isWithoutTimestamps }) };
}

/**
 * Whether a socket can use IPv6 here. After booting with ipv6.disable=1 neither file exists; disable_ipv6 for all
 * interfaces may be overridden on one of them, which then has an address.
 */
function hasIpv6(procfs: string): boolean {
  const addresses = readOptionalFile(ownFile(procfs, 'net/if_inet6'));
  const isDisabled = readSysctl(procfs, 'net/ipv6/conf/all/disable_ipv6');
  if (addresses === undefined || isDisabled === undefined) return false;
  return isDisabled === 0 || addresses.trim() !== '';
}
