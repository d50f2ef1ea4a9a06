import { type AddressWords, isIpv4, parseAddress } from '../../../model/ip-address.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import { Family, packPorts, packUse } from '../../../table/socket-row.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import { readStateWord } from './netstat-words.ts';

/** Protocol, both ends, the state in any number of words, and the pid. */
const TCP_LINE = /^\s*TCP\s+(\S+):(\d{1,5})\s+(\S+):(\d{1,5})\s+(\S.*?)\s+(\d{1,10})\s*$/;

/**
 * Longest line: two addresses with scopes, a state and a pid are shorter; on a long line the pattern takes cubic time.
 */
const LONGEST_LINE = 250;

/**
 * The answer of `netstat -ano` in any language → rows; `owner` is the pid. Returns unknown state words, by row. Throws
 * if a line about TCP has a different form, or if there is none: Windows always listens somewhere.
 */
export function parseNetstat(text: string, table: SocketTable): ReadonlyMap<number, string> {
  const unknownStateWords = new Map<number, string>();
  const first = table.length;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (!/^\s*TCP\b/.test(line)) continue; // headings and UDP
    const word = appendLine(line, table);
    if (word === undefined) throw new Error(`line ${index + 1} is not of the expected form: ${show(line)}`);
    if (word !== '') unknownStateWords.set(table.length - 1, word);
  }
  if (table.length === first) {
    throw new Error(text.trim() === '' ? 'it printed nothing' : `it printed no line about TCP: ${show(text)}`);
  }
  return unknownStateWords;
}

/** Returns the word of its state if it is unknown, else an empty text; undefined if the line has a different form. */
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

/** `10.0.0.1`, `[::1]`, `[fe80::1%12]`: rows do not store the scope of a link-local address. */
function parseHost(text: string): AddressWords | undefined {
  const bracketed = /^\[([^\]%]+)(?:%\w+)?\]$/.exec(text);
  const isV6 = bracketed?.[1]?.includes(':') === true;
  return bracketed === null || isV6 ? parseAddress(bracketed?.[1] ?? text) : undefined;
}

function show(text: string): string {
  return JSON.stringify(text.trim().slice(0, 120));
}
