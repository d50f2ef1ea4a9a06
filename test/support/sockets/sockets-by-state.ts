import { stateLabel } from '../../../src/model/tcp-state.ts';
import { createPhantomPeer } from './phantom-peer.ts';
import { createRawSockets } from './raw-sockets.ts';
import { createRepairedSockets, SEQUENCE } from './repaired-socket.ts';
import type { End } from './tcp-segment.ts';

/** States with a peer that a socket can be brought to, whichever side opened the connection. */
export const CONNECTED_STATES = [
  'established',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close_wait',
  'last_ack',
  'closing',
] as const;
export type ConnectedState = (typeof CONNECTED_STATES)[number];

/** A state takes a moment when the machine is loaded: packets are handed on by another thread of the kernel. */
const SETTLE_MS = 5000;

/**
 * Brings sockets of this thread's network namespace to any state, towards peers in the silent networks (which never
 * answer, see phantom-peer.ts). Each call returns when the kernel says that the state is reached.
 */
export function createSocketsByState() {
  const sockets = createRawSockets();
  const repaired = createRepairedSockets(sockets);
  const peer = createPhantomPeer();

  return { sockets, repaired, connected, halfOpened, simultaneouslyOpened, opening, reach, close };

  /** A connection in `state`. `isOrphan`: its descriptor is closed, the kernel goes on alone. */
  function connected(state: ConnectedState, local: End, remote: End, isOrphan = false): void {
    const fd = repaired.establish(local, remote);
    const shut = () => {
      sockets.closeWrite(fd);
    };
    const finish = (acknowledges: number) =>
      peer.say({ from: remote, to: local, sequence: SEQUENCE.peers, acknowledges, flag: 'fin' });
    const acknowledge = () =>
      peer.say({ from: remote, to: local, sequence: SEQUENCE.peers, acknowledges: SEQUENCE.ours + 1 });
    const steps: Record<ConnectedState, () => void> = {
      established() {},
      fin_wait1: shut,
      fin_wait2() {
        shut();
        acknowledge();
        reach(fd, 'fin_wait2');
      },
      time_wait() {
        steps.fin_wait2();
        finish(SEQUENCE.ours + 1);
        reach(fd, 'close');
      },
      close_wait() {
        finish(SEQUENCE.ours);
        reach(fd, 'close_wait');
      },
      last_ack() {
        steps.close_wait();
        shut();
        reach(fd, 'last_ack');
      },
      closing() {
        shut();
        finish(SEQUENCE.ours);
        reach(fd, 'closing');
      },
    };
    steps[state]();
    // A socket in TIME_WAIT has no descriptor; the one it came from would go on holding its port, and count as bound.
    if (isOrphan || state === 'time_wait') sockets.close(fd);
  }

  /** SYN_RECV at a listener: the peer has sent its SYN, our answer is lost. */
  function halfOpened(listener: End, remote: End): void {
    peer.say({ from: remote, to: listener, sequence: SEQUENCE.peers, flag: 'syn' });
  }

  /** SYN_SENT. */
  function opening(remote: End, local?: End): void {
    repaired.connectWithoutWaiting(remote, local);
  }

  /** SYN_RECV without a listener: both sides have sent a SYN at the same time (RFC 9293, figure 7). */
  function simultaneouslyOpened(local: End, remote: End): void {
    const fd = repaired.connectWithoutWaiting(remote, local);
    peer.say({ from: remote, to: local, sequence: SEQUENCE.peers, flag: 'syn' });
    reach(fd, 'syn_recv');
  }

  /** Waits until a socket is in a state. */
  function reach(fd: number, state: string): void {
    for (const startMs = performance.now(); stateLabel(repaired.stateOf(fd)) !== state; wait(1)) {
      if (performance.now() - startMs > SETTLE_MS)
        throw new Error(`a socket stays in ${stateLabel(repaired.stateOf(fd))} instead of ${state}`);
    }
  }

  function close(): void {
    sockets.closeAll();
    peer.close();
  }
}

/** Blocks this thread. */
function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
