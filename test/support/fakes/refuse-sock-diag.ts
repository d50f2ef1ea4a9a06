// A program: runs the command named by its arguments in its own place, with inet_diag refused as old kernels, gVisor
// and some seccomp profiles do: socket(AF_NETLINK, …, NETLINK_SOCK_DIAG) fails with EAFNOSUPPORT. All else goes on.
import { constants } from 'node:os';
import koffi from 'koffi';
import { errnoName } from '../../../src/platform/linux/libc/libc.ts';

const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const F_SETFD = 2;

/** Number of socket(2), and AUDIT_ARCH_… of include/uapi/linux/audit.h. */
const MACHINES: Readonly<Record<string, { socketCall: number; audit: number }>> = {
  x64: { socketCall: 41, audit: 0xc000003e },
  arm64: { socketCall: 198, audit: 0xc00000b7 },
};

// include/uapi/linux/bpf_common.h, seccomp.h: offsets in struct seccomp_data
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const DATA = { call: 0, audit: 4, firstArgument: 16, thirdArgument: 32 } as const;
const ALLOW = 0x7fff0000;
const FAIL_WITH = 0x00050000;

const machine = MACHINES[process.arch];
if (machine === undefined) throw new Error(`the system call numbers of ${process.arch} are not known here`);
const libc = koffi.load(null);
koffi.struct('sock_fprog', { length: 'uint16_t', filter: 'void *' });
const prctl = libc.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
const setFilter = libc.func('int prctl(int option, unsigned long mode, sock_fprog *program)');
const fcntl = libc.func('int fcntl(int fd, int command, int flags)');
const execv = libc.func('int execv(const char *path, const char **argv)');

const filter = encodeFilter([
  [DATA.audit, machine.audit],
  [DATA.call, machine.socketCall],
  [DATA.firstArgument, AF_NETLINK],
  [DATA.thirdArgument, NETLINK_SOCK_DIAG],
]);
check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'PR_SET_NO_NEW_PRIVS');
check(setFilter(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, { length: filter.length / 8, filter }), 'PR_SET_SECCOMP');
// Node marks its standard streams to be closed by execv()
for (const stream of [0, 1, 2]) check(fcntl(stream, F_SETFD, 0), 'F_SETFD');
const command = process.argv.slice(2);
check(execv(command[0]!, [...command, null]), `execv ${command[0]}`);

/** A call that has all these values at these offsets fails, every other one is let through. */
function encodeFilter(tests: readonly (readonly [offset: number, value: number])[]): Buffer {
  const end = tests.length * 2;
  const code = tests.flatMap(([offset, value], index) => [
    [LOAD_WORD, 0, 0, offset],
    [JUMP_IF_EQUAL, 0, end - (index * 2 + 1), value],
  ]);
  const program = [...code, [RETURN, 0, 0, FAIL_WITH | constants.errno.EAFNOSUPPORT], [RETURN, 0, 0, ALLOW]];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [operation, ifTrue, ifFalse, value]] of (
    program as [number, number, number, number][]
  ).entries()) {
    // struct sock_filter: code u16, jump if true u8, if false u8, k u32
    bytes.writeUInt16LE(operation, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}

function check(result: number, call: string): void {
  if (result < 0) throw new Error(`${call}: ${errnoName(koffi.errno())}`);
}
