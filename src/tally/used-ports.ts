import { positionOf, type Rows } from '../model/row-changes.ts';
import type { FamilyLabel } from '../model/socket-counts.ts';
import { Family, familyOf, localPortOf } from '../model/socket-row.ts';

/** Sockets of each family by local port. */
export class UsedPorts {
  /** Another number whenever a port came into use or out of it. */
  version = 0;
  readonly #ports: Readonly<Record<FamilyLabel, Int32Array>> = {
    ipv4: new Int32Array(65_536),
    ipv6: new Int32Array(65_536),
  };

  reset(): void {
    this.#ports.ipv4.fill(0);
    this.#ports.ipv6.fill(0);
    this.version++;
  }

  count(rows: Rows, step: 1 | -1): void {
    const { ipv4, ipv6 } = this.#ports;
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const ports = familyOf(words, at) === Family.v4 ? ipv4 : ipv6;
      const before = ports[localPortOf(words, at)]!;
      ports[localPortOf(words, at)] = before + step;
      if (before === 0 || before + step === 0) this.version++;
    }
  }

  /** Sockets by local port. */
  of(family: FamilyLabel): Int32Array {
    return this.#ports[family];
  }
}
