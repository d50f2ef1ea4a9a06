import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FamilyLabel } from '../../src/model/socket-counts.ts';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const [FIRST, PORTS] = [40_000, 4];
/** Sockets that hold every port of the range. */
const HOLDERS = [
  { name: 'IPv4 wildcard', address: '0.0.0.0' },
  { name: 'IPv4 address', address: '127.0.0.1' },
  { name: 'IPv6 wildcard of both families', address: '::', isOnlyV6: false },
  { name: 'IPv6 wildcard with IPV6_V6ONLY', address: '::', isOnlyV6: true },
  { name: 'IPv6 address', address: '::1', isOnlyV6: false },
  { name: 'v4-mapped address', address: '::ffff:127.0.0.1', isOnlyV6: false },
] as const;
const skip = enterNetworkNamespace();

for (const source of ['sock_diag', 'bpf'] as const)
  describe(`used ports of a family are those that bind() to its wildcard does not get, by ${source}`, {
    skip: skip ?? ((source === 'bpf' && missingBpf()) || false),
  }, () => {
    for (const holder of HOLDERS)
      for (const isListening of [false, true])
        it(`${isListening ? 'LISTEN' : 'bound'}: ${holder.name}`, () => {
          enterNetworkNamespace();
          setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS - 1}`);
          const sockets = createRawSockets();
          const reader = createEphemeralReader(source);
          try {
            assert.deepEqual(usedBy(reader), { ipv4: 0, ipv6: 0 });
            const held = Array.from({ length: PORTS }, () => {
              const fd = sockets.open(holder.address);
              if ('isOnlyV6' in holder) sockets.setOnlyV6(fd, holder.isOnlyV6);
              sockets.bind(fd, holder.address, 0);
              if (isListening) sockets.startListening(fd);
              return fd;
            });
            assert.deepEqual(usedBy(reader), refusedBy(sockets));
            assert.deepEqual(usedBy(reader), refusedBy(sockets), 'rows that were there before');
            sockets.close(held[0]!);
            const { ipv4, ipv6 } = usedBy(reader);
            assert.deepEqual([Math.max(ipv4, ipv6), refusedBy(sockets)], [PORTS - 1, { ipv4: 0, ipv6: 0 }]);
          } finally {
            sockets.closeAll();
            reader.close();
          }
        });
  });

function usedBy(reader: ReturnType<typeof createEphemeralReader>): Record<FamilyLabel, number> {
  const { families } = reader.read();
  const of = (sought: FamilyLabel) => families.find(({ family }) => family === sought)!.used;
  return { ipv4: of('ipv4'), ipv6: of('ipv6') };
}

/** All ports where bind() gets none, 0 where it gets one. */
function refusedBy(sockets: ReturnType<typeof createRawSockets>): Record<FamilyLabel, number> {
  const refused = (address: string) => {
    const fd = sockets.open(address);
    if (address === '::') sockets.setOnlyV6(fd, true);
    const failure = sockets.tryBind(fd, address, 0);
    sockets.close(fd);
    return failure === undefined ? 0 : PORTS;
  };
  return { ipv4: refused('0.0.0.0'), ipv6: refused('::') };
}
