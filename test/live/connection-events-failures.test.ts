import assert from 'node:assert/strict';
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
const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

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
