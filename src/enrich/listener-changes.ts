import { familyOf, groupOf, ROW_WORDS, reasonOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import type { Listeners } from './inherit-owners.ts';

/** Notices what is different about the listeners of a port: what other rows inherit from them is another thing then. */
export class ListenerChanges {
  #heirlooms: ReadonlyMap<number, string> = new Map();

  /** Sets a flag for every port whose listeners are not those of the last call. */
  update({ words }: SocketTable, listeners: Listeners, changedPorts: Uint8Array): void {
    const heirlooms = new Map<number, string>();
    for (const [port, rows] of listeners) {
      const text = rows.map((row) => describe(words, row * ROW_WORDS)).join();
      heirlooms.set(port, text);
      if (this.#heirlooms.get(port) !== text) changedPorts[port] = 1;
    }
    for (const port of this.#heirlooms.keys()) if (!heirlooms.has(port)) changedPorts[port] = 1;
    this.#heirlooms = heirlooms;
  }
}

function describe(words: Int32Array, at: number): string {
  const address = `${familyOf(words, at)} ${words[at + Word.localAddress]} ${words[at + Word.remoteAddress]}`;
  return `${address} ${words[at + Word.process]} ${reasonOf(words, at)} ${groupOf(words, at)}`;
}
