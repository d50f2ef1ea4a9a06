import type { Advapi32 } from '../dll/advapi32.ts';
import { HEADERS } from '../dll/headers.ts';
import type { Handle, Kernel32 } from '../dll/kernel32.ts';
import { WindowsError, WindowsErrorCode } from '../dll/windows-error.ts';
import { decodeServices } from './service-status.ts';

/** The most that EnumServicesStatusExW fills in one call. */
const BUFFER_LENGTH = 256 * 1024;
/** Most calls: each returns up to several thousand services. */
const MAX_CALLS = 20;

/** Running services: pid → sorted names. One process may run several. */
export function readServices(advapi32: Advapi32, kernel32: Kernel32): ReadonlyMap<number, readonly string[]> {
  const manager = advapi32.openScManager(null, null, HEADERS.SC_MANAGER_ENUMERATE_SERVICE);
  if (manager === 0) throw new WindowsError('OpenSCManagerW', kernel32.getLastError());
  try {
    return groupByPid(enumerate(advapi32, kernel32, manager));
  } finally {
    advapi32.closeServiceHandle(manager);
  }
}

function enumerate(advapi32: Advapi32, kernel32: Kernel32, manager: Handle) {
  const buffer = Buffer.alloc(BUFFER_LENGTH);
  const needed = new Uint32Array(1);
  const returned = new Uint32Array(1);
  const resume = new Uint32Array(1);
  const services = [];
  for (let call = 0; call < MAX_CALLS; call++) {
    const isDone = advapi32.enumServicesStatusEx(
      manager,
      HEADERS.SC_ENUM_PROCESS_INFO,
      HEADERS.SERVICE_WIN32,
      HEADERS.SERVICE_ACTIVE,
      buffer,
      BUFFER_LENGTH,
      needed,
      returned,
      resume,
      null,
    );
    const code = isDone === 0 ? kernel32.getLastError() : WindowsErrorCode.success;
    if (isDone === 0 && code !== WindowsErrorCode.moreData) throw new WindowsError('EnumServicesStatusExW', code);
    services.push(...decodeServices(buffer, advapi32.addressOf(buffer), returned[0]!));
    if (isDone !== 0) break;
  }
  return services;
}

function groupByPid(services: readonly { readonly name: string; readonly pid: number }[]) {
  const byPid = new Map<number, string[]>();
  for (const { name, pid } of services) {
    if (pid === 0) continue;
    const names = byPid.get(pid);
    if (names === undefined) byPid.set(pid, [name]);
    else if (!names.includes(name)) names.push(name);
  }
  for (const names of byPid.values()) names.sort();
  return byPid;
}
