import { TcpState } from '../model/tcp-state.ts';

const LEFT_STATES =
  (1 << TcpState.timeWait) |
  (1 << TcpState.finWait1) |
  (1 << TcpState.finWait2) |
  (1 << TcpState.lastAck) |
  (1 << TcpState.closing);

/** Whether a socket in this state has a peer. */
export function isConnection(state: number): boolean {
  return state !== TcpState.listen && state !== TcpState.bound;
}

/** Whether a socket in this state that no process holds was closed by one. */
export function isLeft(state: number): boolean {
  return (LEFT_STATES & (1 << state)) !== 0;
}
