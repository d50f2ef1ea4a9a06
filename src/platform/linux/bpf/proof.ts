import { TcpState } from '../../../model/tcp-state.ts';
import { groupOf, ROW_WORDS, stateOf, Word } from '../../../table/socket-row.ts';
import { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';

/** Sockets come and go while they are read: only a disagreement in each of so many rounds counts. */
const ROUNDS = 3;
/** A read takes time, and TIME_WAIT sockets end. */
const TIME_SLACK_MS = 2000;

/** What one reader has told. */
interface Reading {
  /** Numbers of 53 bits made of all that is told of a socket and does not change while it is in its state. */
  readonly sockets: ReadonlySet<number>;
  /** The longest time that is left in TIME_WAIT; undefined where nothing waits. */
  readonly longestMs: number | undefined;
}

/**
 * Compares a reader with another one that is known to be right. Returns how they disagree, beyond what comes and goes in between;
 * undefined when they agree. Throws what a reader throws.
 */
export function findDisagreement(reader: SocketReader, right: SocketReader, budget: ScrapeBudget): string | undefined {
  let disagreement: string | undefined;
  for (let round = 1; round <= ROUNDS; round++) {
    disagreement = compareOnce(reader, right, budget);
    if (disagreement === undefined) return undefined;
  }
  return disagreement;
}

/** A socket that one reader showed twice was there in between, when the other one read. */
function compareOnce(reader: SocketReader, right: SocketReader, budget: ScrapeBudget): string | undefined {
  const before = readSockets(reader, budget);
  const rightBefore = readSockets(right, budget);
  const after = readSockets(reader, budget);
  const rightAfter = readSockets(right, budget);
  const missing = countMissing(rightBefore.sockets, rightAfter.sockets, after.sockets);
  const wrong = countMissing(before.sockets, after.sockets, rightBefore.sockets);
  if (missing + wrong > 0) return `${missing} sockets missing and ${wrong} wrong, of ${rightAfter.sockets.size}`;
  const [ours, theirs] = [after.longestMs, rightAfter.longestMs];
  if (ours === undefined || theirs === undefined || Math.abs(ours - theirs) <= TIME_SLACK_MS) return undefined;
  return `${ours} ms are left in TIME_WAIT where it is ${theirs} ms`;
}

function countMissing(first: ReadonlySet<number>, second: ReadonlySet<number>, from: ReadonlySet<number>): number {
  let missing = 0;
  for (const socket of first) if (second.has(socket) && !from.has(socket)) missing++;
  return missing;
}

function readSockets(reader: SocketReader, budget: ScrapeBudget): Reading {
  const table = new SocketTable();
  reader.read(table, budget);
  const sockets = new Set<number>();
  let longestMs: number | undefined;
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
    sockets.add(identify(table, at));
    if (stateOf(table.words, at) === TcpState.timeWait)
      longestMs = Math.max(longestMs ?? 0, table.words[at + Word.milliseconds]!);
  }
  return { sockets, longestMs };
}

/** Below 2⁵³; ids of addresses and groups are a table's own, so what they stand for goes in. */
function identify(table: SocketTable, at: number): number {
  const { words, addresses, groups } = table;
  const hash = new Hash();
  hash
    .add(stateOf(words, at))
    .add(words[at + Word.ports]!)
    .add(words[at + Word.owner]!);
  for (const id of [words[at + Word.localAddress]!, words[at + Word.remoteAddress]!]) {
    for (const word of [0, 1, 2, 3] as const) hash.add(addresses.word(id, word));
    hash.add(addresses.scopeOf(id));
  }
  return hash.add(Number(groups.idOf(groupOf(words, at)) & 0xffffffffn)).value;
}

/** Two FNV-1a hashes of words side by side. */
class Hash {
  #low = 0x811c9dc5 | 0;
  #high = 0x2f0b4c47 | 0;

  add(word: number): this {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ word, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
    return this;
  }

  get value(): number {
    return (this.#high >>> 11) * 2 ** 32 + (this.#low >>> 0);
  }
}
