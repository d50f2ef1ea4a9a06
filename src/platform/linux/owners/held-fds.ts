/**
 * What is known about a descriptor: the inode of the socket it holds, or one of these. No inode that an entry can have
 * equals one of them.
 */
export const UNKNOWN = 0;
/**
 * Checked, and not worth another check soon: a file, a socket of another kind, or one that counts for another process.
 */
export const OTHER = -1;
/** A socket that the dump did not show: of another kind, or too new. It is checked once more. */
export const YOUNG = -2;
/** An io_uring ring: like OTHER, but it may hold sockets itself. */
export const RING_FD = -3;

const PAGE_BITS = 8;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;

/**
 * What the descriptors of one process hold, as far as they were checked. In pages allocated on demand: any program can
 * have one descriptor with a high number, which must cost only one page.
 */
export class HeldFds {
  /** One more than the highest descriptor seen open. */
  top = 0;
  /** Descriptors seen open: those with a listed socket, those marked OTHER or RING_FD, those marked YOUNG. */
  sockets = 0;
  others = 0;
  young = 0;
  /** Those marked RING_FD; undefined = there never were any. */
  rings: Set<number> | undefined;
  readonly #pages: (Int32Array | undefined)[] = [];

  /** Number of descriptors with nothing left to find out while they stay open. */
  get settled(): number {
    return this.sockets + this.others;
  }

  /** Number of descriptors seen open. */
  get seen(): number {
    return this.settled + this.young;
  }

  get(fd: number): number {
    return this.#pages[fd >>> PAGE_BITS]?.[fd & PAGE_MASK] ?? UNKNOWN;
  }

  set(fd: number, mark: number): void {
    let page = this.#pages[fd >>> PAGE_BITS];
    if (page === undefined) {
      if (mark === UNKNOWN) return;
      page = new Int32Array(PAGE_LENGTH);
      this.#pages[fd >>> PAGE_BITS] = page;
    }
    const before = page[fd & PAGE_MASK]!;
    if (before === RING_FD) this.rings?.delete(fd);
    if (mark === RING_FD) this.rings = (this.rings ?? new Set()).add(fd);
    this.#count(before, -1);
    this.#count(mark, 1);
    page[fd & PAGE_MASK] = mark;
    if (mark !== UNKNOWN && fd >= this.top) this.top = fd + 1;
  }

  /** The lowest descriptor from `from` on that may hold an unseen socket; from `top` on every one may. */
  nextCandidate(from: number): number {
    for (let fd = from; fd < this.top; ) {
      const page = this.#pages[fd >>> PAGE_BITS];
      if (page === undefined) return fd;
      const end = Math.min(this.top, (fd | PAGE_MASK) + 1);
      for (; fd < end; fd++) {
        const mark = page[fd & PAGE_MASK]!;
        if (mark === UNKNOWN || mark === YOUNG) return fd;
      }
    }
    return Math.max(from, this.top);
  }

  /** The lowest descriptor in `from` … `end` − 1 that was seen open; `end` if there is none. */
  nextSeen(from: number, end: number): number {
    let fd = from;
    while (fd < end) {
      const page = this.#pages[fd >>> PAGE_BITS];
      if (page === undefined) fd = (fd | PAGE_MASK) + 1;
      else if (page[fd & PAGE_MASK] !== UNKNOWN) return fd;
      else fd++;
    }
    return end;
  }

  /** `top` is one more than the highest open descriptor, and nothing is marked from there on. Frees what it can. */
  shrink(top: number): void {
    this.top = top;
    const pages = (top + PAGE_MASK) >>> PAGE_BITS;
    if (pages < this.#pages.length) this.#pages.length = pages;
  }

  #count(mark: number, step: number): void {
    if (mark === OTHER || mark === RING_FD) this.others += step;
    else if (mark === YOUNG) this.young += step;
    else if (mark !== UNKNOWN) this.sockets += step;
  }
}
