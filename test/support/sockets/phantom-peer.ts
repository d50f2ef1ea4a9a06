import { spawnSync } from 'node:child_process';
import koffi from 'koffi';
import { errnoName } from '../../../src/platform/linux/libc/libc.ts';
import { setNetworkSetting } from './network-namespace.ts';
import { socketAddress } from './raw-sockets.ts';
import { addressBytes, encodeSegment, type Segment } from './tcp-segment.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_RAW = 255;

/**
 * Adds networks whose hosts never answer to the namespace this thread is in: 192.0.2.0/24 and 2001:db8::/32, both set
 * aside for documentation. They lie behind a cable whose other end nobody listens at.
 */
export function addSilentNetworks(): void {
  for (const command of [
    'link add name silent0 type veth peer name silent1',
    // without address resolution the packets leave at once, and the other end drops them as somebody else's
    'link set silent0 arp off up',
    'link set silent1 arp off up',
    'route add 192.0.2.0/24 dev silent0',
    '-6 route add 2001:db8::/32 dev silent0',
  ]) {
    const { error, status, stderr } = spawnSync('ip', command.split(' '), { encoding: 'utf8' });
    if (error !== undefined || status !== 0) throw new Error(`ip ${command}: ${error?.message ?? stderr.trim()}`);
  }
  // bind() takes any address that IPv4 routes to us, but of IPv6 only those an interface has
  setNetworkSetting('ipv6/ip_nonlocal_bind', '1');
}

/** Speaks for hosts that do not exist: sends a segment to a local socket as if it came from its peer. */
export function createPhantomPeer(): { say(segment: Segment): void; close(): void } {
  const lib = koffi.load(null);
  const socket = lib.func('int socket(int domain, int type, int protocol)');
  const sendto = lib.func(
    'int64_t sendto(int fd, void *buffer, size_t length, int flags, void *address, uint32_t addressLength)',
  );
  const closeCall = lib.func('int close(int fd)');
  // A raw socket of this protocol takes packets with their IP header, whatever source it names (raw(7)).
  const fds = {
    4: socket(AF_INET, SOCK_RAW_CLOEXEC, IPPROTO_RAW),
    16: socket(AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_RAW),
  };
  if (fds[4] < 0 || fds[16] < 0) throw new Error(`socket(SOCK_RAW): ${errnoName(koffi.errno())}`);

  return {
    say(segment) {
      const packet = encodeSegment(segment);
      const { length } = addressBytes(segment.to[0]);
      const address = socketAddress(length === 4 ? segment.to[0].replace('::ffff:', '') : segment.to[0], 0);
      const sent = sendto(fds[length as 4 | 16], packet, packet.length, 0, address, address.length);
      if (sent !== packet.length) throw new Error(`sendto ${segment.to.join(':')}: ${errnoName(koffi.errno())}`);
    },
    close() {
      for (const fd of Object.values(fds)) closeCall(fd);
    },
  };
}
