/** Where the socket table comes from, for the help texts of everything counted from it. */
export const SOCKET_TABLE = 'inet_diag or /proc/net/tcp (Windows: GetExtendedTcpTable)';
