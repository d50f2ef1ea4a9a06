/**
 * Where sockets are read from on Linux: from the kernel's own tables by a program in the kernel (`bpf`), by inet_diag (`sock_diag`), or
 * from /proc/net/tcp (`procfs`). `auto`: the first of these that the kernel and the capabilities allow. `bpf` is the same, but warns where
 * the program cannot be loaded.
 */
export const SOCKET_SOURCES = ['auto', 'bpf', 'sock_diag', 'procfs'] as const;
export type SocketSource = (typeof SOCKET_SOURCES)[number];
