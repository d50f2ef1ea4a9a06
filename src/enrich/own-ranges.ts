import { isOutside, type PortClasses } from '../table/port-classes.ts';
import { PortSet } from '../table/port-set.ts';
import { positionOf, type Rows, rowOf } from '../table/row-changes.ts';
import { Flag, ROW_WORDS, type RowWords, remotePortOf } from '../table/socket-row.ts';
import type { SocketTable } from '../table/socket-table.ts';

const PORTS = 65_536;
/**
 * More sockets than this from ports outside the ephemeral range towards one service come from a range of the program's
 * own.
 */
const MANY = 8;

/**
 * Sets `Flag.ownRange`: source ports of a proxy, reserved ports of NFS, IP_LOCAL_PORT_RANGE. A series for each of these
 * ports would be useless, so they count as one.
 */
export class OwnRanges {
  /** Outbound sockets from outside the range, by the port of the service. */
  readonly #sockets = new Int32Array(PORTS);
  /** 1 for services that had many such sockets and still have some. */
  readonly #hasMany = new Uint8Array(PORTS);
  /** Services that such sockets came to or left. */
  readonly #moved = new PortSet();

  reset(): void {
    for (let port = 0; port < PORTS; port++) if (this.#hasMany[port] === 1) this.#moved.add(port);
    this.#sockets.fill(0);
  }

  count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      if (!isOutside(words, at, classes)) continue;
      const port = remotePortOf(words, at);
      this.#sockets[port]! += step;
      this.#moved.add(port);
    }
  }

  /** Marks the new rows, and the earlier rows of a service that now has many. */
  mark(table: SocketTable, classes: PortClasses): void {
    const { added, words } = table;
    const hasGrown = this.#decide();
    for (let index = 0; index < added.length; index++) {
      const row = rowOf(added, index);
      table.mark(row, Flag.ownRange, this.#isOneOfMany(words, row * ROW_WORDS, classes));
    }
    if (!hasGrown) return;
    for (let row = 0, at = 0; row < table.length; row++, at += ROW_WORDS) {
      if (this.#isOneOfMany(words, at, classes)) table.mark(row, Flag.ownRange, true);
    }
  }

  /** Returns whether some service has many now and did not before. */
  #decide(): boolean {
    const hasMany = this.#hasMany;
    const { ports, length } = this.#moved;
    let hasGrown = false;
    for (let index = 0; index < length; index++) {
      const port = ports[index]!;
      const sockets = this.#sockets[port]!;
      if (sockets === 0) hasMany[port] = 0;
      else if (sockets > MANY && hasMany[port] === 0) {
        hasMany[port] = 1;
        hasGrown = true;
      }
    }
    this.#moved.clear();
    return hasGrown;
  }

  #isOneOfMany(words: RowWords, at: number, classes: PortClasses): boolean {
    return this.#hasMany[remotePortOf(words, at)] === 1 && isOutside(words, at, classes);
  }
}
