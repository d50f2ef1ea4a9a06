// Writes what Windows' calls give, byte for byte, into the folder named as argument: the recorded fixtures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadAdvapi32 } from '../../../src/platform/windows/dll/advapi32.ts';
import { HEADERS } from '../../../src/platform/windows/dll/headers.ts';
import { loadIphlpapi } from '../../../src/platform/windows/dll/iphlpapi.ts';
import { loadKernel32 } from '../../../src/platform/windows/dll/kernel32.ts';
import { PROCESSENTRY32W } from '../../../src/platform/windows/processes/process-list.ts';
import { createExtendedTcpTable } from '../../../src/platform/windows/sockets/extended-tcp-table.ts';
import { SOCKETS_V4, SOCKETS_V6, type TcpTableLayout } from '../../../src/platform/windows/sockets/tcp-layout.ts';
import { countRows } from '../../../src/platform/windows/sockets/tcp-table.ts';
import { openSocketZoo } from './socket-zoo.ts';

const folder = process.argv[2]!;
const kernel32 = loadKernel32();
const zoo = await openSocketZoo();
await pause(500); // the FIN of the last one has to be acknowledged
const iphlpapi = loadIphlpapi('iphlpapi.dll');
recordTable(HEADERS.AF_INET, SOCKETS_V4, 'tcp-table-v4.bin');
recordTable(HEADERS.AF_INET6, SOCKETS_V6, 'tcp-table-v6.bin');
recordProcesses();
const services = recordServices();
writeFileSync(join(folder, 'recorded.json'), `${JSON.stringify({ pid: process.pid, zoo, services }, undefined, 2)}\n`);
process.exit();

function recordTable(family: 2 | 23, layout: TcpTableLayout, file: string): void {
  const table = createExtendedTcpTable(iphlpapi, family, layout)()!;
  const length = layout.firstRow + countRows(table) * layout.rowLength;
  writeFileSync(join(folder, file), table.buffer.bytes.subarray(0, length));
}

function recordProcesses(): void {
  const snapshot = kernel32.createToolhelp32Snapshot(HEADERS.TH32CS_SNAPPROCESS, 0);
  const entry = Buffer.alloc(PROCESSENTRY32W.length);
  entry.writeUInt32LE(entry.length);
  const entries: Buffer[] = [];
  for (
    let isThere = kernel32.process32First(snapshot, entry);
    isThere;
    isThere = kernel32.process32Next(snapshot, entry)
  ) {
    entries.push(Buffer.from(entry));
  }
  writeFileSync(join(folder, 'processes.bin'), Buffer.concat(entries));
}

function recordServices(): { address: string; count: number } {
  const advapi32 = loadAdvapi32('advapi32.dll');
  const buffer = Buffer.alloc(2048);
  const [needed, returned, resume] = [new Uint32Array(1), new Uint32Array(1), new Uint32Array(1)];
  const manager = advapi32.openScManager(null, null, HEADERS.SC_MANAGER_ENUMERATE_SERVICE);
  advapi32.enumServicesStatusEx(
    manager,
    HEADERS.SC_ENUM_PROCESS_INFO,
    HEADERS.SERVICE_WIN32,
    HEADERS.SERVICE_ACTIVE,
    buffer,
    buffer.length,
    needed,
    returned,
    resume,
    null,
  );
  writeFileSync(join(folder, 'services.bin'), buffer);
  return { address: String(advapi32.addressOf(buffer)), count: returned[0]! };
}
