// Runs on Windows' node.exe: binds the DLL named as argument in place of iphlpapi.dll and ntdll.dll, reads all it gives.

import { HEADERS } from '../../../src/platform/windows/dll/headers.ts';
import { loadIphlpapi } from '../../../src/platform/windows/dll/iphlpapi.ts';
import { loadKernel32 } from '../../../src/platform/windows/dll/kernel32.ts';
import { loadNtdll } from '../../../src/platform/windows/dll/ntdll.ts';
import { applicationPoolOf, readCommandLine } from '../../../src/platform/windows/processes/command-line.ts';
import { createBoundTables } from '../../../src/platform/windows/sockets/bound-tables.ts';
import { createCloseWaitReader } from '../../../src/platform/windows/sockets/close-wait-ages.ts';
import { createExtendedTcpTable } from '../../../src/platform/windows/sockets/extended-tcp-table.ts';
import { createSocketReader } from '../../../src/platform/windows/sockets/socket-reader.ts';
import { SOCKETS_V4, SOCKETS_V6 } from '../../../src/platform/windows/sockets/tcp-layout.ts';
import { readTcpStatistics } from '../../../src/platform/windows/sockets/tcp-statistics.ts';
import { SocketTable } from '../../../src/table/socket-table.ts';
import { describeRows } from '../../platform/windows/hand-made-table.ts';

/** One millisecond apart: the last read finds a CLOSE_WAIT socket that has waited for the others. */
const READS = 100;

const dll = process.argv[2]!;
const kernel32 = loadKernel32();
const iphlpapi = loadIphlpapi(dll);
const reader = createSocketReader({
  tables: [
    createExtendedTcpTable(iphlpapi, HEADERS.AF_INET, SOCKETS_V4),
    createExtendedTcpTable(iphlpapi, HEADERS.AF_INET6, SOCKETS_V6),
  ],
  boundTables: createBoundTables(iphlpapi, kernel32),
  onScrape() {},
});
const closeWait = createCloseWaitReader(() => reader.lastTables);
const table = new SocketTable();
const waiting = new SocketTable();
for (let nowMs = 0; nowMs < READS; nowMs++) {
  for (const used of [table, waiting]) used.reset();
  const budget = { deadlineMs: READS, now: () => nowMs };
  reader.read(table, budget);
  closeWait.read(waiting, budget);
}
const commandLine = readCommandLine(kernel32, loadNtdll(dll), process.pid);
const answer = {
  rows: describeRows(table),
  unsupportedStates: reader.unsupportedStates,
  ages: Array.from({ length: waiting.length }, (_, row) => waiting.rowAt(row).milliseconds),
  statistics: readTcpStatistics(iphlpapi),
  pool: commandLine && applicationPoolOf(commandLine),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
