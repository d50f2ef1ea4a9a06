import type { FamilyLabel } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { ephemeralBit, isEphemeral, PortClass, type PortClasses } from '../table/port-classes.ts';
import { positionOf, type Rows } from '../table/row-changes.ts';
import { Family, Flag, familyOf, hasFlag, localPortOf, type RowWords, stateOf, Word } from '../table/socket-row.ts';

/** Sockets of each family by local port, those that hold it against both in both, and how many of the ephemeral ports have one. */
export class UsedPorts {
  readonly #sockets: Readonly<Record<FamilyLabel, Int32Array>> = {
    ipv4: new Int32Array(65_536),
    ipv6: new Int32Array(65_536),
  };
  readonly #used: Record<FamilyLabel, number> = { ipv4: 0, ipv6: 0 };
  #usedOdd = 0;
  /** The classes that `#used` was counted by; undefined = recount. */
  #classes: PortClasses | undefined;

  reset(): void {
    this.#sockets.ipv4.fill(0);
    this.#sockets.ipv6.fill(0);
    this.#classes = undefined;
  }

  count(rows: Rows, step: 1 | -1, classes: PortClasses): void {
    if (classes !== this.#classes) this.#classes = undefined;
    const { words } = rows;
    for (let index = 0; index < rows.length; index++) {
      const at = positionOf(rows, index);
      const family = familyOf(words, at);
      this.#count(family, localPortOf(words, at), step, classes);
      if (family === Family.v6 && isOfBoth(words, at)) this.#count(Family.v4, localPortOf(words, at), step, classes);
    }
  }

  /** Number of ephemeral ports with a socket. */
  used(family: FamilyLabel, classes: PortClasses): number {
    this.#bringUpToDate(classes);
    return this.#used[family];
  }

  /** Number of ephemeral ports at odd offsets that have a socket of either family and are not blocked. */
  usedOdd(classes: PortClasses): number {
    this.#bringUpToDate(classes);
    return this.#usedOdd;
  }

  #count(family: number, port: number, step: 1 | -1, classes: PortClasses): void {
    const { ipv4, ipv6 } = this.#sockets;
    const sockets = family === Family.v4 ? ipv4 : ipv6;
    const after = sockets[port]! + step;
    sockets[port] = after;
    const isFirstOrLast = after === (step === 1 ? 1 : 0);
    if (!isFirstOrLast) return;
    const portClass = classes[port]!;
    if ((portClass & ephemeralBit(family)) !== 0) this.#used[family === Family.v4 ? 'ipv4' : 'ipv6'] += step;
    const ofOther = family === Family.v4 ? ipv6[port]! : ipv4[port]!;
    if (isOddAndFree(portClass) && ofOther === 0) this.#usedOdd += step;
  }

  #bringUpToDate(classes: PortClasses): void {
    if (classes === this.#classes) return;
    const { ipv4, ipv6 } = this.#sockets;
    this.#classes = classes;
    this.#used.ipv4 = this.#used.ipv6 = this.#usedOdd = 0;
    for (let port = 0; port < ipv4.length; port++) {
      if (ipv4[port] === 0 && ipv6[port] === 0) continue;
      const portClass = classes[port]!;
      if (ipv4[port] !== 0 && (portClass & ephemeralBit(Family.v4)) !== 0) this.#used.ipv4++;
      if (ipv6[port] !== 0 && (portClass & ephemeralBit(Family.v6)) !== 0) this.#used.ipv6++;
      if (isOddAndFree(portClass)) this.#usedOdd++;
    }
  }
}

function isOddAndFree(portClass: number): boolean {
  return (portClass & (PortClass.odd | PortClass.blocked)) === PortClass.odd && isEphemeral(portClass);
}

/** Whether an IPv6 row holds its port against IPv4, too, as a wildcard without IPV6_V6ONLY does. */
function isOfBoth(words: RowWords, at: number): boolean {
  const state = stateOf(words, at);
  if ((state !== TcpState.listen && state !== TcpState.bound) || !hasFlag(words, at, Flag.dualStack)) return false;
  return words[at + Word.localAddress] === words[at + Word.remoteAddress]; // such a socket's remote address is the wildcard
}
