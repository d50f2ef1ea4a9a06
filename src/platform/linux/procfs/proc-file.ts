import { closeSync, existsSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';

/** Largest file that is read: none comes near it (mountinfo is the longest), so anything larger is something else. */
const MOST_BYTES = 16 * 1024 * 1024;
/** From file to file; only `mountinfo` of a host with many mounts is longer. */
const kept = Buffer.alloc(16 * 1024);

/** Files that were missing: asking whether one is there costs less than an exception. */
const missing = new Set<string>();

/** The text of a file; undefined if it does not exist. Throws, naming the file, if it cannot be read. */
export function readOptionalFile(path: string): string | undefined {
  try {
    if (missing.has(path) && statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return readWhole(path);
  } catch (error) {
    if (!isMissing(error)) throw unreadable(path, error);
    missing.add(path);
    return undefined;
  }
}

/**
 * The text of a file; throws the system's error. A file without end loses a collector's series for one scrape, and does
 * not fill the memory.
 */
export function readWhole(path: string): string {
  const fd = openSync(path, 'r');
  try {
    let buffer = kept;
    for (let length = 0; ; ) {
      if (length === buffer.length) buffer = largerThan(buffer);
      const more = readSync(fd, buffer, length, buffer.length - length, null);
      if (more === 0) return buffer.toString('utf8', 0, length);
      length += more;
    }
  } finally {
    closeSync(fd);
  }
}

function largerThan(full: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const tooMany = `it has more than ${MOST_BYTES} bytes`;
  if (full.length > MOST_BYTES) throw Object.assign(new Error(tooMany), { code: 'EFBIG' });
  return Buffer.concat([full], Math.min(full.length * 4, MOST_BYTES + 1));
}

/** The text of a file that every procfs has. */
export function readRequiredFile(path: string): string {
  const text = readOptionalFile(path);
  if (text === undefined) throw new Error(`${path} is missing: does --path.procfs name a mounted procfs?`);
  return text;
}

/** The target of a link; undefined if it is missing or this process may not follow it. */
export function readOptionalLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isMissing(error) || isForbidden(error)) return undefined;
    throw unreadable(path, error);
  }
}

/**
 * A file about the calling thread (`net/snmp`, `status`, …) below any procfs mount.
 *
 * `<procfs>/net` does not work: it leads to `self/net`, the network namespace of the process's main thread, and a mount
 * with `subset=pid` lacks it. `thread-self` (Linux 3.17) is the reading thread, so these files, `sys/net` (always the
 * reader's namespace) and the thread's own netlink sockets describe one namespace. A host's procfs mounted in a
 * container resolves `thread-self` to our pid as the host counts it, and so to our namespace, not the host's.
 */
export function ownFile(procfs: string, name: string): string {
  const thread = `${procfs}/thread-self`;
  return `${existsSync(thread) ? thread : `${procfs}/self`}/${name}`;
}

/** Whether a file system call failed because the name does not exist. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The error of a failed read, with the file's name and the errno. */
export function unreadable(path: string, error: unknown): Error {
  return new Error(`cannot read ${path}: ${codeOf(error)}`, { cause: error });
}

function isForbidden(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EACCES' || code === 'EPERM';
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code ?? error;
}
