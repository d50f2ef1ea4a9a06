import { errnoName } from '../libc/libc.ts';

// Message types and flags: include/uapi/linux/netlink.h
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;
const NLM_F_REQUEST = 0x01;
const NLM_F_DUMP = 0x300;
export const NLM_F_DUMP_INTR = 0x10;

/** sizeof(struct nlmsghdr): length u32 @0, type u16 @4, flags u16 @6, sequence u32 @8, port id u32 @12. */
export const HEADER_LENGTH = 16;

/**
 * Received bytes, with views as bytes, 16-bit and 32-bit words in the machine's byte order, which netlink uses. Length:
 * a multiple of 4.
 */
export interface NetlinkBuffer {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
}

/** A dump that failed, as the kernel reports; `code` is the errno's name, or NLM_F_DUMP_INTR, NLMSG_OVERRUN. */
export class NetlinkError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(`${message}: ${code}`);
    this.name = 'NetlinkError';
    this.code = code;
  }
}

/** A zeroed buffer of `length` bytes (rounded up to 4) with its three views. */
export function allocateNetlinkBuffer(length: number): NetlinkBuffer {
  const memory = new ArrayBuffer((length + 3) & ~3);
  return { bytes: new Uint8Array(memory), halves: new Uint16Array(memory), words: new Int32Array(memory) };
}

/** Writes the header of a dump request at the start of `buffer`. `length`: the whole message. */
export function encodeDumpHeader(buffer: NetlinkBuffer, length: number, type: number, sequence: number): void {
  encodeHeader(buffer, length, type, sequence);
  buffer.halves[3] = NLM_F_REQUEST | NLM_F_DUMP;
}

/** The same for a request with one answer. */
export function encodeHeader(buffer: NetlinkBuffer, length: number, type: number, sequence: number): void {
  buffer.words[0] = length;
  buffer.halves[2] = type;
  buffer.halves[3] = NLM_F_REQUEST;
  buffer.words[2] = sequence;
  buffer.words[3] = 0;
}

/** The length of the message at `at`, checked against the `end` of the received bytes. */
export function messageLength(buffer: NetlinkBuffer, at: number, end: number): number {
  if (end - at < HEADER_LENGTH) throw new NetlinkError(`netlink header cut off after ${end - at} bytes`, 'EBADMSG');
  const length = buffer.words[at >> 2]! >>> 0;
  if (length < HEADER_LENGTH || length > end - at) {
    throw new NetlinkError(`netlink message of ${length} bytes where ${end - at} were received`, 'EBADMSG');
  }
  return length;
}

/** The errno in a message that ends a dump (NLMSG_DONE) or answers a request (NLMSG_ERROR); 0 = none. */
export function statusOf(buffer: NetlinkBuffer, at: number, length: number): number {
  return length < HEADER_LENGTH + 4 ? 0 : Math.abs(buffer.words[(at + HEADER_LENGTH) >> 2]!);
}

/** Throws if the message that ends a dump (NLMSG_DONE) or answers it (NLMSG_ERROR) has an errno. */
export function checkStatus(buffer: NetlinkBuffer, at: number, length: number, what: string): void {
  const status = statusOf(buffer, at, length);
  if (status !== 0) throw new NetlinkError(`the kernel ended ${what}`, errnoName(status));
}
