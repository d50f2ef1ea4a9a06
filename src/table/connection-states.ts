import { TcpState } from '../model/tcp-state.ts';

/** Whether a socket in this state has a peer. */
export function isConnection(state: number): boolean {
  return state !== TcpState.listen && state !== TcpState.bound;
}
