import { formatAddress } from '../model/ip-address.ts';
import { stateLabel, TcpState } from '../model/tcp-state.ts';
import type { SocketTable } from '../table/socket-table.ts';
import { stateWord } from '../verdict/facts.ts';
import { count, destination, endpoint } from '../verdict/words.ts';
import { formatParagraph, formatTable } from './layout.ts';
import type { Block, Style } from './report.ts';
import { paint } from './tables/overview.ts';
import type { View } from './view.ts';

/** Sockets of one state, process, local address and peer on a port. */
interface Holder {
  readonly state: string;
  readonly localIp: string;
  readonly process: string;
  readonly peer: string;
  readonly sockets: number;
}

const ROWS = 10;
const UNASKED = 0;

/** Who has a local port, and what that means for a service that wants it. */
export function formatPortReport({ now, options, place }: View, port: number, style: Style): Block {
  const holders = now.table === undefined ? holdersOnPage(now.snapshot, port) : holdersInTable(now.table, port);
  const sorted = holders.toSorted((one, other) => other.sockets - one.sockets);
  if (sorted.length === 0)
    return [`Nobody has port ${port} on ${place}${now.table === undefined ? ', as far as the page tells' : ''}.`];
  const top = options.top ?? ROWS;
  const columns = [
    { heading: `PORT ${port}` },
    { heading: 'sockets', align: 'right' },
    { heading: 'local address' },
    { heading: 'peer', cut: 'middle' },
    { heading: 'process' },
  ] as const;
  const rows = sorted
    .slice(0, top)
    .map((each) => [each.state, count(each.sockets), each.localIp, each.peer, each.process]);
  const more = sorted.length > top ? [style.palette.faint(`and ${count(sorted.length - top)} more`)] : [];
  return [
    ...paint(formatTable(columns, rows, style.width), style),
    ...more,
    ...formatParagraph('', explain(sorted), style.width),
  ];
}

function holdersInTable(table: SocketTable, port: number): Holder[] {
  const holders = new Map<string, Holder & { readonly remoteIp: string; readonly remotePorts: Set<number> }>();
  const textOf = (id: number) => formatAddress(table.addresses.wordsOf(id));
  for (let row = 0; row < table.length; row++) {
    const { localPort, state, localAddress, remoteAddress, remotePort, process } = table.rowAt(row);
    if (localPort !== port) continue;
    const [localIp, remoteIp] = [textOf(localAddress), textOf(remoteAddress)];
    const name =
      process === UNASKED && state === TcpState.timeWait ? 'none any more' : table.processNames.nameOf(process);
    const key = [state, localIp, remoteIp, name].join(' ');
    const known = holders.get(key);
    const remotePorts = (known?.remotePorts ?? new Set()).add(remotePort);
    const holder = { state: stateWord(state), localIp, process: name, peer: '', sockets: (known?.sockets ?? 0) + 1 };
    holders.set(key, { ...holder, remoteIp, remotePorts });
  }
  return [...holders.values()].map((each) => ({
    ...each,
    peer: describePeer(each.state, each.remoteIp, each.remotePorts),
  }));
}

function describePeer(state: string, remoteIp: string, remotePorts: ReadonlySet<number>): string {
  if (state === 'LISTEN' || state === 'BOUND') return '';
  const [first] = remotePorts;
  return remotePorts.size === 1 ? endpoint(remoteIp, first!) : `${remoteIp}, ${remotePorts.size} ports`;
}

/** A page names listeners, the longest holders of ephemeral ports, and connections of ports that serve. */
function holdersOnPage({ sockets }: View['now']['snapshot'], port: number): Holder[] {
  const isIt = ({ localPort }: { localPort: string | number }) => String(localPort) === String(port);
  const { listeners, ephemeral, connections } = sockets ?? {};
  return [
    ...(listeners?.cells ?? [])
      .filter(isIt)
      .map(({ localIp, process }) => ({ state: 'LISTEN', localIp, process, peer: '', sockets: 1 })),
    ...(ephemeral?.holders ?? [])
      .filter(isIt)
      .map(({ process, sockets }) => ({ state: 'outbound', localIp: '', process, peer: '', sockets })),
    ...(connections?.cells ?? []).filter(isIt).map(({ state, process, sockets, ...cell }) => ({
      state: stateLabel(state).toUpperCase(),
      localIp: '',
      process,
      peer: destination(cell),
      sockets,
    })),
  ];
}

/** Whether a service can have the port. */
function explain(holders: readonly Holder[]): string {
  const has = (state: string) => holders.some((each) => each.state === state);
  if (has('LISTEN')) return 'Somebody listens on it: another service cannot, unless both set SO_REUSEPORT.';
  if (has('BOUND'))
    return 'It is bound by a socket that neither listens nor is connected: a service that wants it waits until that one is closed.';
  if (holders.every(({ state }) => state === 'TIME_WAIT'))
    return 'Only TIME_WAIT: a service that sets SO_REUSEADDR can listen on it now, any other within a minute or so.';
  return 'Connections have it as their own port, and no service listens. One that wants to must wait for them: restart their process, then start the service (runbook, Who has my port).';
}
