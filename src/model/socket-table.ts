import { AddressTable } from './address-table.ts';
import { createGroupTable, type GroupTable } from './group-table.ts';
import { NameTable } from './name-table.ts';

/** Address family on the wire, the value of the `family` column: a v4-mapped IPv6 socket is `v4`. */
export const Family = { v4: 4, v6: 6 } as const;

/** Why a row has no process: the value of the `reason` column. `none` = it has one, or nobody asked. */
export const Reason = { none: 0, kernel: 1, unaccepted: 2, permission: 3, unresolved: 4 } as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** Accept queue of one LISTEN row. */
export interface ListenQueue {
  readonly row: number;
  /** Connections that wait for accept(). */
  readonly length: number;
  /** Most that may wait; undefined where the source does not tell. */
  readonly limit: number | undefined;
}

/** The columns, all of the table's capacity; rows 0 … length − 1 are filled. */
export interface SocketColumns {
  family: Uint8Array;
  /** A number of `TcpState`. */
  state: Uint8Array;
  localPort: Uint16Array;
  remotePort: Uint16Array;
  /** Ids in `table.addresses`. */
  localAddress: Int32Array;
  remoteAddress: Int32Array;
  /** What the OS names an owner by: socket inode on Linux, pid on Windows (as 32 bits). 0 = the kernel keeps no owner. */
  owner: Int32Array;
  /** Id in `table.processNames`; 0 = unknown. */
  process: Int32Array;
  /** A number of `Reason`; says why where `process` is 0. */
  reason: Uint8Array;
  /** Index in `table.groups`: the cgroup the socket was made in (Linux). 0 = none known. */
  group: Int32Array;
  /** TIME_WAIT rows: milliseconds left. CLOSE_WAIT rows read for their age: milliseconds waited at least. Else 0. */
  milliseconds: Int32Array;
  /** Last word of the remote address, in dumps that are compared with the one before. */
  remoteWord: Int32Array;
  /** Where the owner was found for the row that this one repeats: a hint for whoever looks owners up, else anything. */
  ownerEntry: Int32Array;
}

const INITIAL_CAPACITY = 1024;
/** Scrapes in a row that must need less than a quarter of the memory before it is given back. */
const SHRINK_AFTER = 2;
/** Addresses of a row: its own and its peer's, and the networks that these are counted under. */
const MOST_ADDRESSES_PER_ROW = 4;

/**
 * The sockets of one scrape: one row per socket, one typed array per column, reused from scrape to scrape.
 * Readers of an OS append with `addRow` and then write `columns` at the row they got; tallies only read.
 */
export class SocketTable {
  length = 0;
  columns: SocketColumns = allocate(INITIAL_CAPACITY);
  /** The rows of the last scrape, after `turn`: their addresses have the same ids still. */
  previous: SocketColumns = allocate(0);
  previousLength = 0;
  /** Whether these rows can be `previous` for the next scrape; whoever fills the table may say no. */
  isComparable = true;
  readonly addresses = new AddressTable();
  readonly processNames = new NameTable();
  readonly groups: GroupTable = createGroupTable();
  /** Accept queues of the LISTEN rows that have one. */
  readonly listenQueues: ListenQueue[] = [];
  /** Times that memory was given back. */
  shrinks = 0;
  #smallScrapes = 0;
  /** Addresses after the last scrape that began without any. */
  #freshAddresses = 0;

  get capacity(): number {
    return this.columns.state.length;
  }

  /** Makes room for one more row and returns its number. Every column of it must be written: rows are not cleared. */
  addRow(): number {
    this.reserve(1);
    return this.length++;
  }

  /** Makes room for `rows` more, so that a decoder may take `length++` itself. `columns` may be replaced. */
  reserve(rows: number): void {
    const { capacity } = this;
    if (this.length + rows <= capacity) return;
    this.#resize(Math.max(INITIAL_CAPACITY, capacity * 2, this.length + rows));
  }

  /** Empties the table for the next scrape. */
  reset(): void {
    this.#shrinkWhenIdle();
    this.addresses.reset(this.length * MOST_ADDRESSES_PER_ROW);
    this.clearRows();
    this.previousLength = 0;
  }

  /**
   * Empties the table for the next scrape of a reader that compares its rows with the last ones, which become `previous`.
   * Addresses keep their ids, until those that nobody has any more are as many as the others.
   */
  turn(): void {
    if (this.previousLength === 0) this.#freshAddresses = this.addresses.length;
    const most = Math.min(this.#freshAddresses * 2, this.length * MOST_ADDRESSES_PER_ROW) + INITIAL_CAPACITY;
    if (!this.isComparable || this.addresses.length > most) {
      this.reset();
      return;
    }
    this.#shrinkWhenIdle();
    const { columns } = this;
    this.columns = this.previous;
    this.previous = columns;
    this.previousLength = this.length;
    this.clearRows();
  }

  /** Takes back the rows since the last `reset` or `turn`. */
  clearRows(): void {
    this.length = 0;
    this.isComparable = true;
    this.listenQueues.length = 0;
    this.processNames.reset();
    this.groups.reset();
  }

  #shrinkWhenIdle(): void {
    const capacity = Math.max(this.capacity, this.previous.state.length);
    const isSmall = capacity > INITIAL_CAPACITY && this.length * 4 < capacity;
    this.#smallScrapes = isSmall ? this.#smallScrapes + 1 : 0;
    if (this.#smallScrapes < SHRINK_AFTER) return;
    this.#smallScrapes = 0;
    this.shrinks++;
    this.#resize(Math.max(INITIAL_CAPACITY, this.length * 2));
    this.previous = allocate(0);
    this.previousLength = 0;
  }

  #resize(capacity: number): void {
    const old = this.columns;
    const length = this.length;
    this.columns = allocate(capacity);
    for (const name of Object.keys(old) as (keyof SocketColumns)[]) {
      this.columns[name].set(old[name].subarray(0, length));
    }
  }
}

function allocate(capacity: number): SocketColumns {
  return {
    family: new Uint8Array(capacity),
    state: new Uint8Array(capacity),
    localPort: new Uint16Array(capacity),
    remotePort: new Uint16Array(capacity),
    localAddress: new Int32Array(capacity),
    remoteAddress: new Int32Array(capacity),
    owner: new Int32Array(capacity),
    process: new Int32Array(capacity),
    reason: new Uint8Array(capacity),
    group: new Int32Array(capacity),
    milliseconds: new Int32Array(capacity),
    remoteWord: new Int32Array(capacity),
    ownerEntry: new Int32Array(capacity),
  };
}
