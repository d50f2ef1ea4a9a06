import { TcpState } from '../../src/model/tcp-state.ts';

/** Of a full socket, as root sees it: struct inet_diag_msg, and the attributes MARK and CGROUP_ID among others. */
export const MESSAGE_LENGTH = 124;
/** As many as fit into the 32 KiB that the kernel fills at a time. */
export const DATAGRAM_MESSAGES = 264;

const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const INET_DIAG_CGROUP_ID = 21;
const INET_DIAG_MARK = 15;
const GROUPS = 40;
const PEERS = 80_000;
const SERVICES = 60;
/** Out of a hundred sockets: the others are ESTABLISHED. */
const TIME_WAIT_FROM = 90;

/** Writes message `index` of a dump (include/uapi/linux/inet_diag.h): a socket that differs from all with another `number`. */
export function writeMessage(memory: ArrayBuffer, index: number, inode: number, number: number): void {
  const view = new DataView(memory, index * MESSAGE_LENGTH, MESSAGE_LENGTH);
  const isTimeWait = index % 100 >= TIME_WAIT_FROM;
  const isInbound = index % 2 === 0;
  const service = 8000 + (number % SERVICES);
  const ephemeral = 32_768 + (Math.floor(number / 3) % 28_000);
  view.setUint32(0, MESSAGE_LENGTH, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint8(16, AF_INET);
  view.setUint8(17, isTimeWait ? TcpState.timeWait : TcpState.established);
  view.setUint8(18, isTimeWait ? 3 : 0);
  view.setUint16(20, isInbound ? service : ephemeral);
  view.setUint16(22, isInbound ? ephemeral : service);
  view.setUint32(24, 0x0a000001); // 10.0.0.1
  view.setUint32(40, 0x0a400000 + (number % PEERS)); // below 10.64.0.0
  view.setUint32(68, 60_000 - (index % 60_000), true);
  view.setUint32(84, isTimeWait ? 0 : inode, true);
  view.setUint16(88, 8, true);
  view.setUint16(90, INET_DIAG_MARK, true);
  view.setUint16(96, 12, true);
  view.setUint16(98, INET_DIAG_CGROUP_ID, true);
  view.setUint32(100, isTimeWait ? 0 : 1 + (index % GROUPS), true);
  view.setUint16(108, 16, true); // an attribute that nobody asked for
  view.setUint16(110, 99, true);
}
