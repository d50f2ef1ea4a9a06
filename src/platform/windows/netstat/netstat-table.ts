import { type AddressWords, isIpv4, parseAddress } from '../../../model/ip-address.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import { Family, packPorts, packUse } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import { readStateWord } from './netstat-words.ts';

/** Protocol, both ends, the state in any number of words, and the pid. */
const TCP_LINE = /^\s*TCP\s+(\S+):(\d{1,5})\s+(\S+):(\d{1,5})\s+(\S.*?)\s+(\d{1,10})\s*$/;

/** Two addresses with scopes, a state and a pid stay below; on a long line the pattern takes the cube of its length. */
const LONGEST_LINE = 250;

/**
 * The answer of `netstat -ano` in any language → rows; `owner` is the pid. Returns the words that are not known, by row.
 * Throws where a line about TCP has another form, and when there is none at all: Windows always listens somewhere.
 */
export function parseNetstat(text: string, table: SocketTable): ReadonlyMap<number, string> {
  const untold = new Map<number, string>();
  const first = table.length;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!/^\s*TCP\b/.test(line)) continue; // headings and UDP
    const word = appendLine(line, table);
    if (word === undefined) throw new Error(`line ${index + 1} is not of the expected form: ${show(line)}`);
    if (word !== '') untold.set(table.length - 1, word);
  }
  if (table.length === first) {
    throw new Error(text.trim() === '' ? 'it printed nothing' : `it printed no line about TCP: ${show(text)}`);
  }
  return untold;
}

/** Returns the word of its state if that is not known, else an empty text; undefined when the line is of another form. */
function appendLine(line: string, table: SocketTable): string | undefined {
  const match = line.length > LONGEST_LINE ? null : TCP_LINE.exec(line);
  if (match === null) return undefined;
  const [, localText, localPort, remoteText, remotePort, printed, pid] = match as unknown as string[];
  const [local, remote] = [parseHost(localText!), parseHost(remoteText!)];
  const ports = [Number(localPort), Number(remotePort)];
  if (local === undefined || remote === undefined || ports.some((port) => port > 65_535)) return undefined;
  const { word, state } = readStateWord(printed!);
  const { addresses } = table;
  const isV4 = [local, remote].some(([w0, w1, w2]) => isIpv4(w0, w1, w2));
  table.append(
    packPorts(ports[0]!, ports[1]!),
    remote[3],
    Number(pid),
    addresses.intern(...local),
    addresses.intern(...remote),
    packUse(state ?? TcpState.unknown, isV4 ? Family.v4 : Family.v6),
  );
  return state === undefined ? word : '';
}

/** `10.0.0.1`, `[::1]`, `[fe80::1%12]`: the scope of a link-local address is in no column. */
function parseHost(text: string): AddressWords | undefined {
  const bracketed = /^\[([^\]%]+)(?:%\w+)?\]$/.exec(text);
  const isV6 = bracketed?.[1]?.includes(':') === true;
  return bracketed === null || isV6 ? parseAddress(bracketed?.[1] ?? text) : undefined;
}

function show(text: string): string {
  return JSON.stringify(text.trim().slice(0, 120));
}
