/** A row of a socket table: this many 32-bit words, one cache line for two rows. */
export const ROW_WORDS = 8;

/** Where in a row each word stands. */
export const Word = {
  /** Local port in the low half, remote port in the high one. */
  ports: 0,
  /** Last word of the remote address: what tells peers apart without a look at the address table. */
  remoteWord: 1,
  /** What the OS names an owner by: socket inode on Linux, pid on Windows (as 32 bits). 0 = the kernel keeps no owner. */
  owner: 2,
  /** Ids in `table.addresses`. */
  localAddress: 3,
  remoteAddress: 4,
  /** State, family, reason, flags and group, see below. */
  use: 5,
  /** Id in `table.processNames`; 0 = unknown. */
  process: 6,
  /** TIME_WAIT rows: milliseconds left. CLOSE_WAIT rows read for their age: milliseconds waited at least. Else 0. */
  milliseconds: 7,
} as const;

/** Address family on the wire: a v4-mapped IPv6 socket is `v4`. */
export const Family = { v4: 4, v6: 6 } as const;

/** Why a row has no process. `none` = it has one, or nobody asked. */
export const Reason = { none: 0, kernel: 1, unaccepted: 2, permission: 3, unresolved: 4 } as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** Flags in a row's word of use. */
export const Flag = {
  /** The next connect() to the same destination cannot have the row's port. */
  taken: 1 << 8,
  /** Its group is that of the listener it came through. */
  inheritedGroup: 1 << 9,
  /** In a list of removed rows: the row is still in the table, with other contents. */
  replaced: 1 << 10,
  /** New since the rows were counted last. */
  uncounted: 1 << 11,
} as const;

const STATE_MASK = 0xf;
const V6_BIT = 1 << 4;
const REASON_SHIFT = 5;
const REASON_MASK = 7 << REASON_SHIFT;
const GROUP_SHIFT = 12;
/** What a row and its successor in the next dump have in common if they are the same socket in the same state. */
export const IDENTITY_MASK = STATE_MASK | V6_BIT;

/** The word of use of a row without flags and reason. `group`: index in `table.groups`; 0 = none known. */
export function packUse(state: number, family: number, group = 0): number {
  return state | (family === Family.v6 ? V6_BIT : 0) | (group << GROUP_SHIFT);
}

export function packPorts(localPort: number, remotePort: number): number {
  return localPort | (remotePort << 16);
}

export function stateOf(words: Int32Array, at: number): number {
  return words[at + Word.use]! & STATE_MASK;
}

export function familyOf(words: Int32Array, at: number): number {
  return (words[at + Word.use]! & V6_BIT) === 0 ? Family.v4 : Family.v6;
}

export function reasonOf(words: Int32Array, at: number): Reason {
  return ((words[at + Word.use]! & REASON_MASK) >> REASON_SHIFT) as Reason;
}

/** Index in `table.groups`: the cgroup the socket was made in (Linux), the process (Windows). 0 = none known. */
export function groupOf(words: Int32Array, at: number): number {
  return words[at + Word.use]! >>> GROUP_SHIFT;
}

export function localPortOf(words: Int32Array, at: number): number {
  return words[at + Word.ports]! & 0xffff;
}

export function remotePortOf(words: Int32Array, at: number): number {
  return words[at + Word.ports]! >>> 16;
}

/** A row's process, and why it has none. */
export function setProcess(words: Int32Array, at: number, process: number, reason: Reason): void {
  words[at + Word.process] = process;
  words[at + Word.use] = (words[at + Word.use]! & ~REASON_MASK) | (reason << REASON_SHIFT);
}

export function setGroup(words: Int32Array, at: number, group: number): void {
  words[at + Word.use] = (words[at + Word.use]! & ((1 << GROUP_SHIFT) - 1)) | (group << GROUP_SHIFT);
}

export function hasFlag(words: Int32Array, at: number, flag: number): boolean {
  return (words[at + Word.use]! & flag) !== 0;
}

export function setFlag(words: Int32Array, at: number, flag: number, isSet: boolean): void {
  const use = words[at + Word.use]!;
  words[at + Word.use] = isSet ? use | flag : use & ~flag;
}

/** What a row says. */
export interface RowContents {
  readonly state: number;
  readonly family: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly localAddress: number;
  readonly remoteAddress: number;
  readonly owner: number;
  readonly process: number;
  readonly reason: Reason;
  readonly group: number;
  readonly milliseconds: number;
}

export function readRow(words: Int32Array, at: number): RowContents {
  return {
    state: stateOf(words, at),
    family: familyOf(words, at),
    localPort: localPortOf(words, at),
    remotePort: remotePortOf(words, at),
    localAddress: words[at + Word.localAddress]!,
    remoteAddress: words[at + Word.remoteAddress]!,
    owner: words[at + Word.owner]!,
    process: words[at + Word.process]!,
    reason: reasonOf(words, at),
    group: groupOf(words, at),
    milliseconds: words[at + Word.milliseconds]!,
  };
}
