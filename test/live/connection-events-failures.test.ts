import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { EventCount, FAILURE_REASONS } from '../../src/model/connection-events.ts';
import { chooseOwn, openEventReadings, sumOf } from '../support/sockets/event-readings.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const OWN = chooseOwn();
const { port: PORT } = OWN;
const [HERE, SERVER] = ['10.0.0.9', '10.0.0.10'] as const;
const CHOSEN = 4001;
/** Where a firewall of this host answers, by what it says, and where it says nothing. */
const FIREWALL = {
  EHOSTUNREACH: ['10.0.0.11', '10.0.0.12', 'fd00::11'],
  ECONNREFUSED: ['10.0.0.13', 'fd00::13'],
} as const;
const SILENT = '10.0.0.14';
const RULES = `table inet firewall {
  chain in {
    type filter hook input priority 0;
    ip daddr 10.0.0.11 tcp dport ${PORT} reject with icmp type host-unreachable
    ip daddr 10.0.0.13 tcp dport ${PORT} reject with icmp type port-unreachable
    ip daddr ${SILENT} tcp dport ${PORT} drop
    ip6 daddr fd00::11 tcp dport ${PORT} reject with icmpv6 type addr-unreachable
    ip6 daddr fd00::13 tcp dport ${PORT} reject with icmpv6 type port-unreachable
  }
  chain out {
    type filter hook output priority 0;
    ip daddr 10.0.0.12 tcp dport ${PORT} reject with icmp type admin-prohibited
  }
}`;
const skip = enterNetworkNamespace() ?? missingBpf() ?? false;
const skipFirewall = skip || (missingFirewall() ?? false);

test('a port that the program chose and that is taken towards its peer is no want of ports', { skip }, (t) => {
  const { sockets, readFailures } = open(t);
  const dial = (): string | undefined => {
    const fd = openReusing(sockets);
    sockets.bind(fd, HERE, CHOSEN);
    return sockets.tryConnect(fd, SERVER, PORT);
  };
  assert.equal(dial(), undefined);
  assert.deepEqual([dial(), dial()], ['EADDRNOTAVAIL', 'EADDRNOTAVAIL']);
  assert.deepEqual(readFailures(), { port_in_use: 2 });
});

test('nor is one that bind() gave, as the socket can have no other towards that peer', { skip }, (t) => {
  const { sockets, readFailures } = open(t);
  const given = openReusing(sockets);
  sockets.bind(given, HERE, 0);
  const second = openReusing(sockets);
  sockets.bind(second, HERE, sockets.portOf(given));
  sockets.connect(second, SERVER, PORT);
  assert.equal(sockets.tryConnect(given, SERVER, PORT), 'EADDRNOTAVAIL');
  assert.deepEqual(readFailures(), { port_in_use: 1 });
});

test('where the range is used up, no port is free for a program that has none yet', { skip }, (t) => {
  const { sockets, readFailures } = open(t);
  setNetworkSetting('ipv4/ip_local_port_range', '50000 50001');
  const dial = (isFromAddress: boolean): string | undefined => {
    const fd = sockets.open(SERVER);
    if (isFromAddress) {
      sockets.bindAddressNoPort(fd);
      sockets.bind(fd, HERE, 0);
    }
    return sockets.tryConnect(fd, SERVER, PORT);
  };
  assert.deepEqual([dial(true), dial(true)], [undefined, undefined]);
  assert.deepEqual([dial(true), dial(true)], ['EADDRNOTAVAIL', 'EADDRNOTAVAIL']);
  assert.deepEqual(readFailures(), { no_port: 2 });
});

for (const [error, reason] of [
  ['EHOSTUNREACH', 'unreachable'],
  ['ECONNREFUSED', 'refused'],
] as const)
  test(`what a firewall of this host says counts as ${reason}, whether the client waits for it or not`, {
    skip: skipFirewall,
  }, (t) => {
    const { sockets, readFailures } = open(t);
    for (const address of FIREWALL[error]) {
      sockets.close(dialAway(sockets, address));
      assert.equal(sockets.tryConnect(sockets.open(address), address, PORT), error);
      assert.deepEqual(readFailures(), { [reason]: 2 }, address);
      if (address.includes(':')) continue; // the kernel keeps nothing of it for a client that has asked
      const asking = dialAway(sockets, address);
      assert.equal(sockets.takeError(asking), error, address);
      sockets.close(asking);
      assert.deepEqual(readFailures(), { [reason]: 1 }, address);
    }
  });

test('a client that gives up without an answer has abandoned, whatever an earlier attempt of its socket heard', {
  skip: skipFirewall,
}, (t) => {
  const { sockets, readFailures } = open(t);
  sockets.close(dialAway(sockets, SILENT));
  assert.deepEqual(readFailures(), { abandoned: 1 });
  const fd = dialAway(sockets, FIREWALL.EHOSTUNREACH[0]);
  sockets.disconnect(fd);
  assert.deepEqual(readFailures(), { unreachable: 1 });
  sockets.startConnect(fd, SILENT, PORT);
  sockets.close(fd);
  assert.deepEqual(readFailures(), { abandoned: 1 });
});

type Sockets = ReturnType<typeof createRawSockets>;

/** Programs that count, and a server. */
function open(t: TestContext) {
  const { read } = openEventReadings(t, OWN);
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());
  sockets.listen('0.0.0.0', PORT);
  return { sockets, readFailures };

  /** How many failed since the last read, by reason. */
  function readFailures(): Record<string, number> {
    const { flows } = read();
    const numbers = FAILURE_REASONS.map((reason, at) => [reason, sumOf(flows, EventCount.failed + at)] as const);
    return Object.fromEntries(numbers.filter(([, number]) => number > 0));
  }
}

function openReusing(sockets: Sockets): number {
  const fd = sockets.open(HERE);
  sockets.reuseAddress(fd);
  return fd;
}

/** A connection that is on its way. */
function dialAway(sockets: Sockets, address: string): number {
  const fd = sockets.openNonBlocking(address);
  sockets.startConnect(fd, address, PORT);
  return fd;
}

/** Adds the rules to the namespace this thread is in. */
function missingFirewall(): string | undefined {
  const { error, status, stderr } = spawnSync('nft', ['-f', '-'], { input: RULES, encoding: 'utf8' });
  if (status === 0) return undefined;
  const reason = `skipped: needs nftables: ${error?.message ?? stderr.trim()}`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}
