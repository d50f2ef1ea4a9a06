/** Size of a row in 32-bit words; two rows share a cache line. */
export const ROW_WORDS = 8;

/** Rows of a table, which only the table writes. */
export interface RowWords {
  readonly [index: number]: number;
  readonly length: number;
  subarray(begin: number): RowWords;
}

/** Position of each word in a row. */
export const Word = {
  /** Local port in the low half, remote port in the high one. */
  ports: 0,
  /** Last word of the remote address, which distinguishes peers without a look-up in the address table. */
  remoteWord: 1,
  /**
   * How the OS identifies an owner: socket inode on Linux, pid on Windows (as 32 bits). 0 = the kernel keeps no owner.
   */
  owner: 2,
  /** Ids in `table.addresses`. */
  localAddress: 3,
  remoteAddress: 4,
  /** State, family, reason, flags and group, see below. */
  use: 5,
  /** Id in `table.processNames`; 0 = unknown. */
  process: 6,
  /**
   * TIME_WAIT rows: milliseconds left. CLOSE_WAIT rows, where the source tells or they are read for it: milliseconds waited, at least.
   * Others: 0.
   */
  milliseconds: 7,
} as const;

/** Address family on the wire: a v4-mapped IPv6 socket is `v4`. */
export const Family = { v4: 4, v6: 6 } as const;

/**
 * Why a row has no process. `none` = it has one, or no owner was searched for. `witnessed`: the kernel keeps no owner, but who opened or
 * closed the socket was seen.
 */
export const Reason = {
  none: 0,
  kernel: 1,
  unaccepted: 2,
  permission: 3,
  unresolved: 4,
  pidNamespace: 5,
  witnessed: 6,
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** Flags in a row's word of use. */
export const Flag = {
  /** The next connect() to the same destination cannot get the row's port. */
  taken: 1 << 8,
  /** Its group is that of the listener that it came through. */
  inheritedGroup: 1 << 9,
  /** In a list of removed rows: the row is still in the table, with different content. */
  replaced: 1 << 10,
  /** New since the last count. */
  uncounted: 1 << 11,
  /** This side opened the connection, although from a serving port. */
  dialled: 1 << 12,
  /** Outbound from a port outside the ephemeral range, one of many towards its service. */
  ownRange: 1 << 13,
  /** In TIME_WAIT, with more time left than at the last read: another socket replaced it, or its FIN came again. */
  renewed: 1 << 14,
  /** In TIME_WAIT: its connection used TCP timestamps. Set only where the source tells (`SocketTable.knowsTimestamps`). */
  timestamps: 1 << 15,
  /** The same bit in LISTEN and bound rows: an IPv6 socket that takes IPv4, too (without IPV6_V6ONLY). */
  dualStack: 1 << 15,
} as const;

const STATE_MASK = 0xf;
const V6_BIT = 1 << 4;
const REASON_SHIFT = 5;
const REASON_MASK = 7 << REASON_SHIFT;
const GROUP_SHIFT = 16;
/** The bits that a row and its successor in the next dump share if they are the same socket in the same state. */
export const IDENTITY_MASK = STATE_MASK | V6_BIT;

/** The word of use of a row without flags and reason. `group`: index in `table.groups`; 0 = none known. */
export function packUse(state: number, family: number, group = 0): number {
  return state | (family === Family.v6 ? V6_BIT : 0) | (group << GROUP_SHIFT);
}

export function packPorts(localPort: number, remotePort: number): number {
  return localPort | (remotePort << 16);
}

export function stateOf(words: RowWords, at: number): number {
  return words[at + Word.use]! & STATE_MASK;
}

export function familyOf(words: RowWords, at: number): number {
  return (words[at + Word.use]! & V6_BIT) === 0 ? Family.v4 : Family.v6;
}

export function reasonOf(words: RowWords, at: number): Reason {
  return ((words[at + Word.use]! & REASON_MASK) >> REASON_SHIFT) as Reason;
}

/** Index in `table.groups`: the cgroup that created the socket (Linux), the process (Windows). 0 = unknown. */
export function groupOf(words: RowWords, at: number): number {
  return words[at + Word.use]! >>> GROUP_SHIFT;
}

export function localPortOf(words: RowWords, at: number): number {
  return words[at + Word.ports]! & 0xffff;
}

export function remotePortOf(words: RowWords, at: number): number {
  return words[at + Word.ports]! >>> 16;
}

export function hasFlag(words: RowWords, at: number, flag: number): boolean {
  return (words[at + Word.use]! & flag) !== 0;
}

/** The word of use with a different reason, group or flag. */
export function withReason(use: number, reason: Reason): number {
  return (use & ~REASON_MASK) | (reason << REASON_SHIFT);
}

export function withGroup(use: number, group: number): number {
  return (use & ((1 << GROUP_SHIFT) - 1)) | (group << GROUP_SHIFT);
}

export function withFlag(use: number, flag: number, isSet: boolean): number {
  return isSet ? use | flag : use & ~flag;
}

/** The content of a row. */
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

export function readRow(words: RowWords, at: number): RowContents {
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
