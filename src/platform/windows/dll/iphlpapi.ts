import koffi from 'koffi';

/**
 * The calls of iphlpapi.dll this platform needs. Synchronous; each returns a Windows error code, 0 for success. Buffers
 * are passed by address: the caller keeps them alive and large enough.
 */
export interface Iphlpapi {
  /** `size`: bytes in the buffer, then bytes needed. `tableClass`: 8 = every socket with its owner and creation time. */
  getExtendedTcpTable(
    buffer: Uint8Array,
    size: Uint32Array,
    order: number,
    family: number,
    tableClass: number,
    reserved: number,
  ): number;
  /** `statistics` is a MIB_TCPSTATS. */
  getTcpStatisticsEx(statistics: Uint32Array, family: number): number;
  /** Undocumented, so it may be missing; netstat -q uses it to read bound sockets. */
  readonly getBoundTcpTable: GetBoundTable | undefined;
  readonly getBoundTcp6Table: GetBoundTable | undefined;
}

/** Writes the address of a table it allocates from `heap` into `address`; the caller frees it. */
export type GetBoundTable = (address: BigUint64Array, heap: number | bigint, flags: number) => number;

/** Binds the calls of the DLL at `path`. */
export function loadIphlpapi(path: string): Iphlpapi {
  const dll = koffi.load(path);
  return {
    getExtendedTcpTable: dll.func(
      'uint32_t __stdcall GetExtendedTcpTable(void *table, void *size, int order, uint32_t family, int tableClass, uint32_t reserved)',
    ),
    getTcpStatisticsEx: dll.func('uint32_t __stdcall GetTcpStatisticsEx(void *statistics, uint32_t family)'),
    getBoundTcpTable: bindWhereThere(dll, 'InternalGetBoundTcpEndpointTable'),
    getBoundTcp6Table: bindWhereThere(dll, 'InternalGetBoundTcp6EndpointTable'),
  };
}

function bindWhereThere(dll: ReturnType<typeof koffi.load>, name: string): GetBoundTable | undefined {
  try {
    return dll.func(`uint32_t __stdcall ${name}(void *address, intptr_t heap, uint32_t flags)`);
  } catch {
    return undefined; // koffi's only signal that a DLL does not export a function
  }
}
