import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { Family } from '../../../src/table/socket-row.ts';
import type { SocketTable } from '../../../src/table/socket-table.ts';

/** A socket as a test wants it encoded. Addresses are text in its shortest form. */
export interface WantedSocket {
  readonly isIpv6: boolean;
  readonly state: number;
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  /** Inode or pid. */
  readonly owner: number;
}

const port = fc.integer({ min: 0, max: 65_535 });
const ipv4 = fc.ipV4();
/** Shortest form, v4-mapped ones included. */
const ipv6 = fc.oneof(
  fc.ipV6().map((text) => formatAddress(parseAddress(text)!)),
  fc.constantFrom('::', '::1', 'fd00::1'),
  ipv4,
);

/** `states`: the numbers that the source uses. */
export function wantedSocket(states: readonly number[], isIpv6?: boolean): fc.Arbitrary<WantedSocket> {
  const of = (isV6: boolean) =>
    fc.record({
      isIpv6: fc.constant(isV6),
      state: fc.constantFrom(...states),
      local: isV6 ? ipv6 : ipv4,
      localPort: port,
      remote: isV6 ? ipv6 : ipv4,
      remotePort: port,
      owner: fc.nat(2 ** 31 - 1),
    });
  return isIpv6 === undefined ? fc.oneof(of(false), of(true)) : of(isIpv6);
}

/** The 16 bytes of an address; an IPv4 one is v4-mapped. */
export function bytesOf(address: string): Buffer {
  return Buffer.from(Int32Array.from(parseAddress(address)!).buffer);
}

/** The row of a table in the words of a wanted socket, and its family. */
export function rowOf(table: SocketTable, row: number) {
  const text = (id: number) => formatAddress(table.addresses.wordsOf(id));
  const { family, state, localAddress, localPort, remoteAddress, remotePort, owner } = table.rowAt(row);
  return {
    isIpv4: family === Family.v4,
    state,
    local: text(localAddress),
    localPort,
    remote: text(remoteAddress),
    remotePort,
    owner,
  };
}

/** What `rowOf` has to be; IPv4 is what has an IPv4 address at either end. */
export function expectedRow({ state, local, localPort, remote, remotePort, owner }: WantedSocket) {
  return {
    isIpv4: [local, remote].some((end) => end.includes('.')),
    state,
    local,
    localPort,
    remote,
    remotePort,
    owner,
  };
}
