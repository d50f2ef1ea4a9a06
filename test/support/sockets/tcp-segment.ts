import { isIpv4, parseAddress } from '../../../src/model/ip-address.ts';

/** One end of a connection. An IPv4 address may also be written v4-mapped: what is on the wire is the same. */
export type End = readonly [address: string, port: number];

export interface Segment {
  readonly from: End;
  readonly to: End;
  readonly sequence: number;
  /** Absent = no ACK flag. */
  readonly acknowledges?: number;
  readonly flag?: 'syn' | 'fin' | 'rst';
}

const IPPROTO_TCP = 6;
const FLAGS = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;
const WINDOW = 65_535;
const HOP_LIMIT = 64;

/** A whole packet: the IPv4 (RFC 791) or IPv6 (RFC 8200) header and a TCP header (RFC 9293) without options or data. */
export function encodeSegment(segment: Segment): Buffer {
  const from = addressBytes(segment.from[0]);
  const to = addressBytes(segment.to[0]);
  const tcp = encodeTcp(segment);
  tcp.writeUInt16BE(checksum(Buffer.concat([from, to, Buffer.from([0, IPPROTO_TCP, 0, tcp.length]), tcp])), 16);
  const header = from.length === 4 ? ipv4Header(tcp.length) : ipv6Header(tcp.length);
  const packet = Buffer.concat([header, from, to, tcp]);
  if (from.length === 4) packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  return packet;
}

/** 4 bytes for an IPv4 or v4-mapped address, else 16. */
export function addressBytes(address: string): Buffer {
  const words = parseAddress(address);
  if (words === undefined) throw new Error(`no address: ${address}`);
  const bytes = Buffer.from(new Int32Array(words).buffer);
  return isIpv4(words[0], words[1], words[2]) ? bytes.subarray(12) : bytes;
}

function encodeTcp({ from, to, sequence, acknowledges, flag }: Segment): Buffer {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from[1], 0);
  tcp.writeUInt16BE(to[1], 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledges ?? 0, 8);
  tcp[12] = (tcp.length / 4) << 4;
  tcp[13] = (acknowledges === undefined ? 0 : FLAGS.ack) | (flag === undefined ? 0 : FLAGS[flag]);
  tcp.writeUInt16BE(WINDOW, 14);
  return tcp;
}

/** Without the addresses that end it. */
function ipv4Header(payloadLength: number): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payloadLength, 2);
  header[8] = HOP_LIMIT;
  header[9] = IPPROTO_TCP;
  return header;
}

function ipv6Header(payloadLength: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(payloadLength, 4);
  header[6] = IPPROTO_TCP;
  header[7] = HOP_LIMIT;
  return header;
}

/** The Internet checksum (RFC 1071) of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
