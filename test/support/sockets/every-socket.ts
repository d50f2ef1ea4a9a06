import { CONNECTED_STATES, createSocketsByState } from './sockets-by-state.ts';
import type { SsSocket } from './ss.ts';
import type { End } from './tcp-segment.ts';

/** What a test knows of a socket it made, in the words of the page. */
export type MadeSocket = Pick<SsSocket, 'family' | 'state' | 'localIp' | 'localPort' | 'remoteIp' | 'remotePort'>;

/** How a socket may carry its addresses, and two networks for each: ours, and one whose hosts never answer. */
const KINDS = [
  { local: '10.1.0.1', peer: '192.0.2.', any: '0.0.0.0', servicePort: 8100 },
  { local: 'fd00::1', peer: '2001:db8::', any: '::', servicePort: 8200 },
  { local: '::ffff:10.1.0.2', peer: '::ffff:192.0.2.', any: '::', servicePort: 8300 },
] as const;
type Kind = (typeof KINDS)[number];

/** States in which a socket goes on when nobody holds a descriptor of it any more. */
const ORPHAN_STATES = ['fin_wait1', 'fin_wait2', 'last_ack', 'closing'] as const;
/** Outside of the ephemeral range. */
const FIXED_PORTS = 20_000;
/** Behind those of our own in the range. */
const CLIENT_PORTS = 500;

/**
 * Makes sockets in every state the kernel can be brought to: over IPv4, IPv6 and v4-mapped, inbound and outbound, with
 * an owner, orphaned and not yet accepted; other numbers of each, so that no two can be mistaken. `ephemeralPort`: the
 * first of a thousand ports in the range that the kernel gives out from.
 */
export function makeEverySocket(ephemeralPort: number): { made: readonly MadeSocket[]; close(): void } {
  const { sockets, repaired, connected, halfOpened, simultaneouslyOpened, opening, reach, close } =
    createSocketsByState();
  const made: MadeSocket[] = [];
  let fixedPorts = 0;
  let freePorts = 0;
  let clientPorts = 0;
  const fixedPort = () => FIXED_PORTS + ++fixedPorts;
  /** Of peers: they stand for clients, but the ports of our sockets were chosen by bind(), as if we had dialled from them. */
  const clientPort = () => ephemeralPort + CLIENT_PORTS + clientPorts++;
  /** Even ones: bind() gives listeners of other addresses odd ports of the range, and a port that listens is another matter. */
  const freePort = () => ephemeralPort + 2 * freePorts++;

  for (const [index, kind] of KINDS.entries()) {
    const service: End = [kind.local, kind.servicePort];
    listen(kind, kind.local, kind.servicePort);
    makeConnected(kind, service, index);
    makeOpening(kind, service);
    makeBound(kind);
    makeAccepted(kind);
    makeUnaccepted(kind);
    fillAcceptQueue(kind);
  }
  makeWildcards();
  return { made, close };

  function makeConnected(kind: Kind, service: End, index: number): void {
    for (const [at, state] of CONNECTED_STATES.entries()) {
      for (let peer = 1; peer <= 1 + ((at + index) % 3); peer++) {
        make(state, service, [kind.peer + peer, clientPort()]);
        make(state, [kind.local, freePort()], [kind.peer + peer, 443]);
      }
      make(state, [kind.local, fixedPort()], [`${kind.peer}4`, 5432]);
    }
    for (const state of ORPHAN_STATES) {
      make(state, service, [`${kind.peer}5`, clientPort()], true);
      make(state, [kind.local, freePort()], [`${kind.peer}5`, 6379], true);
    }
  }

  function make(state: (typeof CONNECTED_STATES)[number], local: End, remote: End, isOrphan = false): void {
    connected(state, local, remote, isOrphan);
    note(state, local, remote);
  }

  function makeOpening(kind: Kind, service: End): void {
    for (const peer of [1, 2, 6]) {
      const remote: End = [kind.peer + peer, clientPort()];
      halfOpened(service, remote);
      note('syn_recv', service, remote);
    }
    for (const local of [freePort(), freePort(), fixedPort()]) {
      opening([`${kind.peer}7`, 443], [kind.local, local]);
      note('syn_sent', [kind.local, local], [`${kind.peer}7`, 443]);
    }
    const local: End = [kind.local, freePort()];
    simultaneouslyOpened(local, [`${kind.peer}8`, 179]);
    note('syn_recv', local, [`${kind.peer}8`, 179]);
  }

  function makeBound(kind: Kind): void {
    for (const local of [fixedPort(), fixedPort(), freePort()]) {
      sockets.bind(sockets.open(kind.local), kind.local, local);
      note('bound', [kind.local, local], [kind.any, 0]);
    }
  }

  /** A connection by handshake, both of its ends. */
  function makeAccepted(kind: Kind): void {
    const service: End = [kind.local, kind.servicePort + 1];
    const listener = listen(kind, ...service);
    const { client } = connectTo(kind, service);
    sockets.accept(listener);
    note('established', client, service);
    note('established', service, client);
  }

  /** Connections that wait for accept(): two are open, one has been given up by its client. */
  function makeUnaccepted(kind: Kind): void {
    const service: End = [kind.local, kind.servicePort + 2];
    listen(kind, ...service, 4);
    for (const isGivenUp of [false, false, true]) {
      const { client, fd } = connectTo(kind, service);
      if (isGivenUp) sockets.closeWrite(fd);
      if (isGivenUp) reach(fd, 'fin_wait2');
      note(isGivenUp ? 'fin_wait2' : 'established', client, service);
      note(isGivenUp ? 'close_wait' : 'established', service, client);
    }
  }

  /** A backlog of 0 lets one connection wait; the next one's SYN is dropped. */
  function fillAcceptQueue(kind: Kind): void {
    const service: End = [kind.local, kind.servicePort + 3];
    listen(kind, ...service, 0);
    const { client } = connectTo(kind, service);
    note('established', client, service);
    note('established', service, client);
    const refused: End = [kind.local, freePort()];
    repaired.connectWithoutWaiting(service, refused);
    note('syn_sent', refused, service);
  }

  /** Listeners on every address: of IPv4, and of both families, where IPv4 connections arrive v4-mapped. */
  function makeWildcards(): void {
    listen(KINDS[0], '0.0.0.0', 8080);
    listen(KINDS[1], '::', 8081);
    make('established', ['10.1.0.3', 8080], ['192.0.2.9', clientPort()]);
    make('close_wait', ['::ffff:10.1.0.3', 8081], ['::ffff:192.0.2.9', clientPort()]);
    make('established', ['fd00::3', 8081], ['2001:db8::9', clientPort()]);
    sockets.bind(sockets.open('::'), '::', FIXED_PORTS);
    note('bound', ['::', FIXED_PORTS], ['::', 0]);
  }

  function connectTo(kind: Kind, service: End): { client: End; fd: number } {
    const client: End = [kind.local, freePort()];
    const fd = sockets.open(kind.local);
    sockets.bind(fd, ...client);
    sockets.connect(fd, ...service);
    return { client, fd };
  }

  function listen(kind: Kind, address: string, port: number, backlog = 64): number {
    note('listen', [address, port], [kind.any, 0]);
    return sockets.listen(address, port, backlog);
  }

  function note(state: string, local: End, remote: End): void {
    const isMapped = (address: string) => address.startsWith('::ffff:');
    const isIpv6 = local[0].includes(':') && !isMapped(local[0]) && !isMapped(remote[0]);
    made.push({
      family: isIpv6 ? 'ipv6' : 'ipv4',
      state,
      localIp: local[0].replace('::ffff:', ''),
      localPort: local[1],
      remoteIp: remote[0].replace('::ffff:', ''),
      remotePort: remote[1],
    });
  }
}
