import { copyHeapBlock } from '../dll/heap-block.ts';
import type { GetBoundTable, Iphlpapi } from '../dll/iphlpapi.ts';
import type { Kernel32 } from '../dll/kernel32.ts';
import { WindowsError, WindowsErrorCode } from '../dll/windows-error.ts';
import { viewTableBuffer } from './table-buffer.ts';
import { BOUND_V4, BOUND_V6, type TcpTableLayout } from './tcp-layout.ts';
import type { TcpTable } from './tcp-table.ts';

/** Reads the bound sockets of both families, into new bytes each time. Throws with the code of the call. */
export type ReadBoundTables = () => readonly TcpTable[];

/** Undefined if iphlpapi.dll lacks these calls: they are undocumented. */
export function createBoundTables(iphlpapi: Iphlpapi, kernel32: Kernel32): ReadBoundTables | undefined {
  const { getBoundTcpTable, getBoundTcp6Table } = iphlpapi;
  if (getBoundTcpTable === undefined || getBoundTcp6Table === undefined) return undefined;
  const read = (name: string, call: GetBoundTable, layout: TcpTableLayout): TcpTable[] => {
    const address = new BigUint64Array(1);
    const code = call(address, kernel32.getProcessHeap(), 0);
    if (code !== WindowsErrorCode.success) throw new WindowsError(name, code);
    if (address[0] === 0n) return [];
    const bytes = copyHeapBlock(kernel32, address[0]!);
    return [{ buffer: viewTableBuffer(bytes), length: bytes.length, layout }];
  };
  return () => [
    ...read('InternalGetBoundTcpEndpointTable', getBoundTcpTable, BOUND_V4),
    ...read('InternalGetBoundTcp6EndpointTable', getBoundTcp6Table, BOUND_V6),
  ];
}
