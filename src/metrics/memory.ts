import type { TcpSettings } from '../model/settings.ts';
import type { TcpMemory } from '../model/snapshot.ts';
import { type MetricFamily, plainGauge } from './family.ts';

export function memoryFamilies(memory: TcpMemory | undefined, settings: TcpSettings | undefined): MetricFamily[] {
  return [
    plainGauge(
      'tcpstate_orphan_sockets',
      'TCP sockets that no process holds any more, from /proc/net/sockstat TCP orphan.',
      memory?.orphans,
    ),
    plainGauge(
      'tcpstate_orphan_limit',
      'Most orphaned sockets before the kernel resets them, from /proc/sys/net/ipv4/tcp_max_orphans.',
      memory?.orphanLimit ?? settings?.tcpMaxOrphans,
    ),
    plainGauge(
      'tcpstate_allocated_sockets',
      'TCP sockets of the whole host, including those that no table lists (reset but not closed by their program, or never connected), from /proc/net/sockstat TCP alloc.',
      memory?.allocated,
    ),
    plainGauge(
      'tcpstate_buffer_memory_bytes',
      'Memory of all TCP socket buffers, from /proc/net/sockstat TCP mem.',
      memory?.bytes,
    ),
    plainGauge(
      'tcpstate_buffer_memory_limit_bytes',
      'Most memory of all TCP socket buffers, from the third number of /proc/sys/net/ipv4/tcp_mem.',
      memory?.limitBytes,
    ),
  ];
}
