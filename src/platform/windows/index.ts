import { setTimeout as pause } from 'node:timers/promises';
import type { Notice, Platform, PlatformOptions } from '../platform.ts';
import { startCommands } from './commands/commands.ts';
import { runCommand } from './commands/run-command.ts';
import { loadAdvapi32 } from './dll/advapi32.ts';
import { HEADERS } from './dll/headers.ts';
import { loadIphlpapi } from './dll/iphlpapi.ts';
import { loadKernel32 } from './dll/kernel32.ts';
import { loadNtdll } from './dll/ntdll.ts';
import { createSystemPaths } from './dll/system-folder.ts';
import { createFactCollectors } from './facts.ts';
import { readCommandLine } from './processes/command-line.ts';
import { createOwnerResolver } from './processes/owners.ts';
import { createProcessList } from './processes/process-list.ts';
import { createProcessNames } from './processes/process-names.ts';
import { readServices } from './processes/services.ts';
import { createUnitResolver } from './processes/units.ts';
import { createBoundTables, type ReadBoundTables } from './sockets/bound-tables.ts';
import { createCloseWaitReader } from './sockets/close-wait-ages.ts';
import { createExtendedTcpTable } from './sockets/extended-tcp-table.ts';
import { createSocketReader } from './sockets/socket-reader.ts';
import { SOCKETS_V4, SOCKETS_V6 } from './sockets/tcp-layout.ts';

/** The first page should have the answers of the commands; it waits this long for a slow one. */
const FIRST_ANSWERS_MS = 3000;

/** Opens Windows: reads sockets from iphlpapi.dll; commands off the scrape path provide port ranges and events. */
export async function openWindowsPlatform({ collectors }: PlatformOptions): Promise<Platform> {
  const kernel32 = loadKernel32();
  const pathOf = createSystemPaths(kernel32);
  const iphlpapi = loadIphlpapi(pathOf('iphlpapi.dll'));
  const advapi32 = loadAdvapi32(pathOf('advapi32.dll'));
  const ntdll = loadNtdll(pathOf('ntdll.dll'));
  const commands = startCommands({ run: runCommand, pathOf, collectors, now: () => performance.now() });
  const processes = createProcessList(kernel32);
  const boundTables = createBoundTables(iphlpapi, kernel32);
  const sources = { processes, readCommandLine: (pid: number) => readCommandLine(kernel32, ntdll, pid) };
  const units = createUnitResolver({ ...sources, readServices: () => readServices(advapi32, kernel32) });
  const names = createProcessNames({ ...sources, unitOf: (pid) => units.nameOf(BigInt(pid)) });
  const sockets = createSocketReader({
    tables: [
      createExtendedTcpTable(iphlpapi, HEADERS.AF_INET, SOCKETS_V4),
      createExtendedTcpTable(iphlpapi, HEADERS.AF_INET6, SOCKETS_V6),
    ],
    boundTables,
    onScrape() {
      processes.forget();
      units.forget();
      names.forgetEnded();
    },
  });
  await Promise.race([commands.isFirstDone, pause(FIRST_ANSWERS_MS)]);
  return {
    name: 'windows',
    sockets,
    closeWait: createCloseWaitReader(() => sockets.lastTables),
    owners: createOwnerResolver(kernel32, names),
    nameProcesses: names.use,
    units,
    facts: createFactCollectors({ iphlpapi, advapi32, commands }, collectors),
    notices: [{ level: 'info', message: 'sockets are read by GetExtendedTcpTable' }, describeBound(boundTables)],
    close: () => commands.stop(),
  };
}

function describeBound(readBoundTables: ReadBoundTables | undefined): Notice {
  const absent = 'the state bound is absent, and their ports do not count as used';
  if (readBoundTables === undefined) {
    return { level: 'warn', message: `iphlpapi.dll cannot list bound sockets: ${absent}` };
  }
  try {
    readBoundTables();
    return { level: 'info', message: 'bound sockets are read by InternalGetBoundTcpEndpointTable' };
  } catch (error) {
    return { level: 'warn', message: `bound sockets cannot be read (${(error as Error).message}): ${absent}` };
  }
}
