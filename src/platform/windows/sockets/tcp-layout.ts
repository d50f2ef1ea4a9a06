/** The offsets of one table of TCP sockets. Offsets of fields count from the start of their row. */
export interface TcpTableLayout {
  /** Name of the row's struct in Microsoft's headers. */
  readonly struct: string;
  readonly isIpv6: boolean;
  /** Offset of the first row from the start of the table, whose first 4 bytes are the number of rows. */
  readonly firstRow: number;
  readonly rowLength: number;
  readonly state: number;
  readonly localAddress: number;
  /** Big-endian in the first 2 bytes; the other 2 of the field are undefined. */
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly pid: number;
  /** FILETIME of the socket's creation: 100 ns since 1601, 0 = unknown. −1 = the row has none. */
  readonly created: number;
}

/** GetExtendedTcpTable(AF_INET, TCP_TABLE_OWNER_MODULE_ALL): iprtrmib.h, MIB_TCPTABLE_OWNER_MODULE. */
export const SOCKETS_V4: TcpTableLayout = {
  struct: 'MIB_TCPROW_OWNER_MODULE',
  isIpv6: false,
  firstRow: 8,
  rowLength: 160,
  state: 0,
  localAddress: 4,
  localPort: 8,
  remoteAddress: 12,
  remotePort: 16,
  pid: 20,
  created: 24,
};

/** GetExtendedTcpTable(AF_INET6, TCP_TABLE_OWNER_MODULE_ALL): iprtrmib.h, MIB_TCP6TABLE_OWNER_MODULE. */
export const SOCKETS_V6: TcpTableLayout = {
  struct: 'MIB_TCP6ROW_OWNER_MODULE',
  isIpv6: true,
  firstRow: 8,
  rowLength: 192,
  state: 48,
  localAddress: 0,
  localPort: 20,
  remoteAddress: 24,
  remotePort: 44,
  pid: 52,
  created: 56,
};

/** InternalGetBoundTcpEndpointTable: tcpmib.h, MIB_TCPTABLE2. */
export const BOUND_V4: TcpTableLayout = {
  struct: 'MIB_TCPROW2',
  isIpv6: false,
  firstRow: 4,
  rowLength: 28,
  state: 0,
  localAddress: 4,
  localPort: 8,
  remoteAddress: 12,
  remotePort: 16,
  pid: 20,
  created: -1,
};

/** InternalGetBoundTcp6EndpointTable: tcpmib.h, MIB_TCP6TABLE2. */
export const BOUND_V6: TcpTableLayout = {
  struct: 'MIB_TCP6ROW2',
  isIpv6: true,
  firstRow: 4,
  rowLength: 60,
  state: 48,
  localAddress: 0,
  localPort: 20,
  remoteAddress: 24,
  remotePort: 44,
  pid: 52,
  created: -1,
};
