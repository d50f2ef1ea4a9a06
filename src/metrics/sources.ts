/** The source of the socket table, for the help texts of everything counted from it. */
export const SOCKET_TABLE = 'inet_diag or /proc/net/tcp (Windows: GetExtendedTcpTable)';
