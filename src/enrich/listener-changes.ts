import { familyOf, groupOf, type RowWords, reasonOf, Word } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';
import type { ListenerGroup, Listeners } from './listeners-by-port.ts';

/** Detects changes among the listeners of a port: rows that inherit from them must be recounted. */
export class ListenerChanges {
  #inherited: ReadonlyMap<number, string> = new Map();

  /** Flags every port whose listeners differ from those of the last call. */
  update({ words }: SocketTable, listeners: Listeners, changedPorts: Uint8Array): void {
    const inherited = new Map<number, string>();
    for (const [port, groups] of listeners) {
      const text = groups.map((group) => describe(words, group)).join();
      inherited.set(port, text);
      if (this.#inherited.get(port) !== text) changedPorts[port] = 1;
    }
    for (const port of this.#inherited.keys()) if (!inherited.has(port)) changedPorts[port] = 1;
    this.#inherited = inherited;
  }
}

/** Everything that a row can inherit; the queues only if they distinguish listeners. */
function describe(words: RowWords, { at: first, members, isMixed }: ListenerGroup): string {
  const address = `${familyOf(words, first)} ${words[first + Word.localAddress]} ${words[first + Word.remoteAddress]}`;
  const texts = (isMixed ? members : members.slice(0, 1)).map(({ at, isAwaited }) => {
    const queue = isMixed && isAwaited ? ' awaited' : '';
    return `${words[at + Word.process]} ${reasonOf(words, at)} ${groupOf(words, at)}${queue}`;
  });
  return `${address} ${texts.sort().join()}`;
}
