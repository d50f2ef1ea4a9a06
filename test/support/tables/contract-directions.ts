/** What of a socket tells its direction. `state` in the words of the page, or of `TcpState`. */
export interface Ports {
  readonly state: string;
  readonly localPort: number;
  readonly remotePort: number;
}

/** Sockets beyond this many towards one service from ports outside of the range are shown as one. */
const MANY = 8;

/**
 * By the words of the metric contract, slow and plain to see: who opened a connection, and how its local port is shown.
 * A port serves if it has a listener, or if more sockets share it than share the port of their peers, for most of its
 * sockets; a port of the range must have 16 sockets, and four times as many as the peers' ports.
 */
export function directionsByContract(sockets: readonly Ports[], isEphemeral: (port: number) => boolean) {
  const talking = sockets.filter(({ state }) => state !== 'listen' && state !== 'bound');
  const listening = new Set(sockets.filter(({ state }) => state === 'listen').map(({ localPort }) => localPort));
  const known = new Map<number, boolean>();
  const outside = talking.filter((socket) => !isEphemeral(socket.localPort) && !isInbound(socket));

  return (socket: Ports) => ({ isInbound: isInbound(socket), shownPort: shownPort(socket) });

  function shownPort(socket: Ports): string | number {
    const { state, localPort, remotePort } = socket;
    if (isInbound(socket)) return localPort;
    if (isEphemeral(localPort)) return 'ephemeral';
    if (state === 'bound') return localPort;
    return outside.filter((other) => other.remotePort === remotePort).length > MANY ? 'own_range' : localPort;
  }

  function isInbound({ state, localPort }: Ports): boolean {
    if (/^syn_?sent$/i.test(state)) return false;
    if (!known.has(localPort)) known.set(localPort, listening.has(localPort) || serves(localPort));
    return known.get(localPort)!;
  }

  function serves(port: number): boolean {
    const votes = talking
      .filter(({ localPort }) => localPort === port)
      .map(({ state, remotePort }) => (!/^syn_?sent$/i.test(state) && isService(port, remotePort) ? 1 : -1));
    return votes.reduce<number>((sum, vote) => sum + vote, 0) > 0;
  }

  function isService(port: number, peerPort: number): boolean {
    const here = talking.filter(({ localPort }) => localPort === port).length;
    const there = talking.filter(({ remotePort }) => remotePort === peerPort).length;
    if (isEphemeral(port)) return here >= 16 && here > 4 * there;
    return here > there || (here === 1 && there === 1 && isEphemeral(peerPort));
  }
}
