import { positionOf, type Rows } from '../model/row-changes.ts';
import type { FamilyLabel } from '../model/socket-counts.ts';
import { Family, familyOf, localPortOf } from '../model/socket-row.ts';

/** Sockets of each family by local port. */
export class UsedPorts {
  readonly #ports: Readonly<Record<FamilyLabel, Int32Array>> = {
    ipv4: new Int32Array(65_536),
    ipv6: new Int32Array(65_536),
  };

  reset(): void {
    this.#ports.ipv4.fill(0);
    this.#ports.ipv6.fill(0);
  }

  count(rows: Rows, step: 1 | -1): void {
    const { ipv4, ipv6 } = this.#ports;
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const ports = familyOf(words, at) === Family.v4 ? ipv4 : ipv6;
      ports[localPortOf(words, at)]! += step;
    }
  }

  /** Sockets by local port. */
  of(family: FamilyLabel): Int32Array {
    return this.#ports[family];
  }
}
