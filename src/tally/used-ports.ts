import type { FamilyLabel } from '../model/socket-counts.ts';
import { ephemeralBit, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Family, familyOf, localPortOf } from '../table/socket-row.ts';

/** Sockets of each family by local port, and how many of the ephemeral ports have one. */
export class UsedPorts {
  readonly #sockets: Readonly<Record<FamilyLabel, Int32Array>> = {
    ipv4: new Int32Array(65_536),
    ipv6: new Int32Array(65_536),
  };
  readonly #used: Record<FamilyLabel, number> = { ipv4: 0, ipv6: 0 };
  /** By which `#used` holds; undefined when the ports are to be gone through again. */
  #classes: PortClasses | undefined;

  reset(): void {
    this.#sockets.ipv4.fill(0);
    this.#sockets.ipv6.fill(0);
    this.#classes = undefined;
  }

  count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    if (classes !== this.#classes) this.#classes = undefined;
    const { ipv4, ipv6 } = this.#sockets;
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const family = familyOf(words, at);
      const port = localPortOf(words, at);
      const sockets = family === Family.v4 ? ipv4 : ipv6;
      const after = sockets[port]! + step;
      sockets[port] = after;
      const isFirstOrLast = after === (step === 1 ? 1 : 0);
      if (isFirstOrLast && (classes[port]! & ephemeralBit(family)) !== 0)
        this.#used[family === Family.v4 ? 'ipv4' : 'ipv6'] += step;
    }
  }

  /** Number of the ephemeral ports that have a socket. */
  used(family: FamilyLabel, classes: PortClasses): number {
    if (classes !== this.#classes) {
      this.#classes = classes;
      this.#used.ipv4 = countUsed(this.#sockets.ipv4, classes, ephemeralBit(Family.v4));
      this.#used.ipv6 = countUsed(this.#sockets.ipv6, classes, ephemeralBit(Family.v6));
    }
    return this.#used[family];
  }
}

function countUsed(sockets: Int32Array, classes: PortClasses, bit: number): number {
  let used = 0;
  for (let port = 0; port < sockets.length; port++) if (sockets[port] !== 0 && (classes[port]! & bit) !== 0) used++;
  return used;
}
