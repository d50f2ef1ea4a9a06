import { TcpState } from '../../../model/tcp-state.ts';

/**
 * netstat.exe's words for the states. Most languages keep the English ones; the German ones are from public posts. `?`
 * stands for a letter beyond ASCII, whose bytes depend on the console's code page.
 */
const STATE_OF_WORD: Readonly<Record<string, TcpState>> = {
  CLOSED: TcpState.close,
  LISTENING: TcpState.listen,
  SYN_SENT: TcpState.synSent,
  SYN_RECEIVED: TcpState.synRecv,
  ESTABLISHED: TcpState.established,
  FIN_WAIT_1: TcpState.finWait1,
  FIN_WAIT_2: TcpState.finWait2,
  CLOSE_WAIT: TcpState.closeWait,
  CLOSING: TcpState.closing,
  LAST_ACK: TcpState.lastAck,
  TIME_WAIT: TcpState.timeWait,
  DELETE_TCB: TcpState.close,
  BOUND: TcpState.bound,
  'ABH?REN': TcpState.listen,
  HERGESTELLT: TcpState.established,
  WARTEND: TcpState.timeWait,
  SCHLIESSEN_WARTEN: TcpState.closeWait,
  SYN_GESENDET: TcpState.synSent,
  FIN_WARTEN_2: TcpState.finWait2,
};

/** netstat's word in ASCII → the state; undefined in an unknown language. */
export function readStateWord(printed: string): { readonly word: string; readonly state: TcpState | undefined } {
  const word = printed.replaceAll(/[^\x20-\x7e]+/g, '?');
  return { word, state: Object.hasOwn(STATE_OF_WORD, word) ? STATE_OF_WORD[word] : undefined };
}
