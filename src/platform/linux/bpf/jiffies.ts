import { readSysctl } from '../procfs/sysctl.ts';
import { type KernelWalk, Table } from './kernel-walk.ts';

/** What CONFIG_HZ may be (kernel/Kconfig.hz and the Kconfig of some architectures). */
const LEAST_HZ = 24;
const MOST_HZ = 1200;

/**
 * The kernel's jiffies per second, CONFIG_HZ: `net.ipv4.tcp_keepalive_time` is kept in jiffies and told in whole seconds
 * (net/ipv4/sysctl_net_ipv4.c). Throws where the two do not give a number that HZ may be.
 */
export function readHz(walk: KernelWalk, procfs: string): number {
  walk.read(Table.listeners, 0, () => {});
  const seconds = readSysctl(procfs, 'net/ipv4/tcp_keepalive_time');
  const hz = seconds === undefined ? Number.NaN : walk.keepaliveJiffies / seconds;
  if (!Number.isInteger(hz) || hz < LEAST_HZ || hz > MOST_HZ)
    throw new Error(`the length of a jiffy is not known: ${walk.keepaliveJiffies} are ${seconds} s`);
  return hz;
}
