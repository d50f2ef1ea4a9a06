import { formatAddress, isIpv4, parseAddress } from '../../../../src/model/ip-address.ts';
import { stateLabel } from '../../../../src/model/tcp-state.ts';
import { Family } from '../../../../src/table/socket-row.ts';
import type { SocketTable } from '../../../../src/table/socket-table.ts';
import { STATES } from '../../../support/sockets/ss.ts';

/** The rows of a table, and those of `ss -tanHOe`, in one form: sorted lines of text. */
export function rowsOfTable(table: SocketTable): string[] {
  const { addresses } = table;
  const queues = new Map(table.listenQueues.map(({ row, length }) => [row, length]));
  const end = (id: number, port: number) => `${formatAddress(addresses.wordsOf(id))}:${port}`;
  return Array.from({ length: table.length }, (_, number) => {
    const row = table.rowAt(number);
    return [
      stateLabel(row.state),
      row.family === Family.v4 ? 'ipv4' : 'ipv6',
      end(row.localAddress, row.localPort),
      end(row.remoteAddress, row.remotePort),
      `owner ${row.owner >>> 0}`,
      queues.has(number) ? `queue ${queues.get(number)}` : '',
    ]
      .join(' ')
      .trim();
  }).sort();
}

export function rowsOfSs(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [state, receive, , local, remote] = line.trim().split(/\s+/) as [string, string, string, string, string];
      const label = STATES[state] ?? state;
      const queue = label === 'listen' ? ` queue ${receive}` : '';
      const owner = /ino:(\d+)/.exec(line)?.[1];
      const ends = [local, remote].map(parseEnd);
      const isV4 = ends.some((end) => end.isV4);
      return `${label} ${isV4 ? 'ipv4' : 'ipv6'} ${ends[0]!.text} ${ends[1]!.text} owner ${owner}${queue}`;
    })
    .sort();
}

/** `127.0.0.1:80`, `[::1]:80`, `[::ffff:127.0.0.1]:80`, `0.0.0.0:*`, and `*:80` for a socket of both families. */
function parseEnd(end: string): { text: string; isV4: boolean } {
  const colon = end.lastIndexOf(':');
  const host = end.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = end.slice(colon + 1);
  const words = parseAddress(host === '*' ? '::' : host);
  if (words === undefined) throw new Error(`ss printed no address: ${end}`);
  return {
    text: `${formatAddress(words)}:${port === '*' ? 0 : port}`,
    isV4: isIpv4(words[0], words[1], words[2]),
  };
}
