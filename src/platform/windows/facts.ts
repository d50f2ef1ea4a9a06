import type { CollectorName } from '../../model/collectors.ts';
import type { FactCollector } from '../platform.ts';
import type { AskedByCommand } from './commands/commands.ts';
import type { Advapi32 } from './dll/advapi32.ts';
import type { Iphlpapi } from './dll/iphlpapi.ts';
import { ephemeralRulesOf } from './ephemeral-rules.ts';
import { readSettings } from './settings.ts';
import { readTcpStatistics } from './sockets/tcp-statistics.ts';

export interface FactSources {
  readonly iphlpapi: Iphlpapi;
  readonly advapi32: Advapi32;
  readonly commands: AskedByCommand;
}

/** The enabled collectors that need no socket table, in the order they run. */
export function createFactCollectors(
  { iphlpapi, advapi32, commands }: FactSources,
  collectors: ReadonlySet<CollectorName>,
): FactCollector[] {
  const { ranges, exhaustionEvents } = commands;
  const asked: readonly (FactCollector | undefined)[] = [
    ranges && {
      name: 'ephemeral_ports',
      source: 'netsh',
      collect: () => ({ ephemeral: ephemeralRulesOf(ranges, readTimeWaitSeconds(advapi32)) }),
    },
    { name: 'counters', source: 'iphlpapi', collect: () => ({ counters: readTcpStatistics(iphlpapi) }) },
    { name: 'settings', source: 'registry', collect: () => ({ settings: readSettings(advapi32) }) },
    exhaustionEvents && {
      name: 'port_exhaustion_events',
      source: 'wevtutil',
      collect: () => ({ portExhaustionEvents: exhaustionEvents.read() }),
    },
  ];
  return asked.filter((collector) => collector !== undefined).filter(({ name }) => collectors.has(name));
}

/** Without it only the length of TIME_WAIT is missing from the rules; the settings collector reports the failure. */
function readTimeWaitSeconds(advapi32: Advapi32): number | undefined {
  try {
    return readSettings(advapi32).timeWaitDurationSeconds;
  } catch {
    return undefined;
  }
}
