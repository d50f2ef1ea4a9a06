import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Libc, loadLibc, SystemCallError } from '../libc/libc.ts';
import { type ProcessCalls, processCalls } from './bpf-call.ts';
import { openFds } from './kernel-fds.ts';
import { openWalk } from './kernel-walk.ts';
import { openEvents } from './open-events.ts';

// include/uapi/linux/capability.h. A capability set has two words; both of these are in the upper one.
const CAPABILITY_VERSION_3 = 0x20080522;
const CAP_PERFMON = 38;
const CAP_BPF = 39;
const UPPER_BITS = (1 << (CAP_PERFMON - 32)) | (1 << (CAP_BPF - 32));
/** struct __user_cap_data_struct: effective, permitted, inheritable, for the lower word and then for the upper one. */
const SETS_BYTES = 24;
const UPPER_SETS = 12;

/** include/uapi/asm-generic/fcntl.h */
const F_SETFD = 2;
const STANDARD_STREAMS = [0, 1, 2];
const OWN_PROGRAM = '/proc/self/exe';
/** Characters of a comm. */
const LONGEST_NAME = 15;

/** Which programs: the one that reads sockets, the one that finds their processes, those that count who opens and closes connections. */
export interface WantedPrograms {
  readonly walk: boolean;
  readonly fds: boolean;
  readonly events: boolean;
}

/**
 * Loads the programs that run in the kernel, then gives up CAP_BPF and CAP_PERFMON, which nothing but loading takes. A thread can give up
 * its own capabilities only, and V8 has started threads by now, so that the process begins anew (execve) with what it has open: in that
 * case this does not return. It does nothing where the capabilities are not ambient ones, as root's are not: the same would come
 * back. `passed`: descriptors that the process was started with, besides the standard streams.
 *
 * To be called before anything is opened or started. Throws where the process cannot begin anew; it then goes on as it is.
 */
export function loadAndGiveUp(wanted: WantedPrograms, passed: readonly number[]): void {
  if (!hasAmbient(readFileSync('/proc/self/status', 'latin1'))) return;
  const libc = loadLibc();
  const calls = processCalls();
  const kept = [...STANDARD_STREAMS, ...passed, ...loadQuietly(wanted)];
  giveUp(libc);
  for (const fd of kept) calls.fcntl(fd, F_SETFD, 0); // not to be closed by execve
  beginAnew(calls);
}

/** Descriptors of what was loaded; none of what is not possible here, of which the collector thread tells. */
function loadQuietly({ walk, fds, events }: WantedPrograms): readonly number[] {
  return [
    ...(walk ? descriptorsOf(() => Object.values(openWalk())) : []),
    ...(fds ? descriptorsOf(() => Object.values(openFds())) : []),
    ...(events ? descriptorsOf(loadEvents) : []),
  ];
}

function loadEvents(): readonly number[] {
  const { maps, links } = openEvents();
  return [...Object.values(maps), ...links];
}

function descriptorsOf(load: () => readonly number[]): readonly number[] {
  try {
    return load();
  } catch {
    return [];
  }
}

/** The `CapAmb:` line of /proc/PID/status, a 64-bit mask in hex. */
function hasAmbient(status: string): boolean {
  const mask = BigInt(`0x${/^CapAmb:\s*([0-9a-f]{16})$/m.exec(status)?.[1] ?? '0'}`);
  return (mask & ((1n << BigInt(CAP_BPF)) | (1n << BigInt(CAP_PERFMON)))) !== 0n;
}

/** Of all sets of the calling thread; what is not permitted any more is not ambient either (man 7 capabilities). */
function giveUp({ capget, capset, errno }: Libc): void {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3);
  const sets = Buffer.alloc(SETS_BYTES);
  if (capget === undefined || capget(header, sets) !== 0) throw new SystemCallError('capget', errno());
  for (let at = UPPER_SETS; at < SETS_BYTES; at += 4)
    sets.writeUInt32LE((sets.readUInt32LE(at) & ~UPPER_BITS) >>> 0, at);
  if (capset === undefined || capset(header, sets) !== 0) throw new SystemCallError('capset', errno());
}

/** The same program with the same arguments and the environment it was started with, under the same process id and name. */
function beginAnew(calls: ProcessCalls): never {
  const [words, environment] = [readTexts('/proc/self/cmdline'), readTexts('/proc/self/environ')];
  for (const path of [...programPaths(), OWN_PROGRAM]) calls.execve(path, words, environment);
  throw new SystemCallError(`execve(${OWN_PROGRAM})`, calls.errno());
}

/**
 * Paths of the program that runs, which may have been replaced since. The kernel names a process after the last part of the path: one with the
 * name that it has comes first, and OWN_PROGRAM, which would make it `exe`, is what is left when there is no path any more.
 */
function programPaths(): readonly string[] {
  const name = readFileSync('/proc/self/comm', 'utf8').trimEnd();
  const hasName = (path: string) => basename(path).slice(0, LONGEST_NAME) === name;
  const paths = [process.argv0, process.execPath].filter((path) => path.startsWith('/') && isOwnProgram(path));
  return [...paths.filter(hasName), ...paths.filter((path) => !hasName(path))];
}

function isOwnProgram(path: string): boolean {
  try {
    const [own, other] = [statSync(OWN_PROGRAM, { bigint: true }), statSync(path, { bigint: true })];
    return own.dev === other.dev && own.ino === other.ino;
  } catch {
    return false; // it is gone, or closed to this user
  }
}

/** Texts that end with a NUL each, as they are: not all are UTF-8. */
function readTexts(path: string): readonly Uint8Array[] {
  const texts = readFileSync(path).toString('latin1').split('\0').slice(0, -1);
  return texts.map((text) => Buffer.from(`${text}\0`, 'latin1'));
}
