import type { EphemeralRange } from '../../../model/port-range.ts';
import { parseDynamicRange, parseExcludedRanges } from './netsh-ports.ts';
import type { RunCommand } from './run-command.ts';

/** Runs netsh.exe (full path) to get the dynamic range of one family and its exclusions. */
export async function readEphemeralRange(
  run: RunCommand,
  netsh: string,
  family: 'ipv4' | 'ipv6',
  signal: AbortSignal,
): Promise<EphemeralRange> {
  const [dynamic, excluded] = await Promise.all([
    run(netsh, ['int', family, 'show', 'dynamicport', 'tcp'], signal),
    run(netsh, ['int', family, 'show', 'excludedportrange', 'protocol=tcp'], signal),
  ]);
  return { ...parseDynamicRange(dynamic), excluded: parseExcludedRanges(excluded) };
}
