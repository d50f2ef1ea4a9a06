import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { FamilyLabel } from '../../src/model/socket-counts.ts';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const PORTS = 20;
const FIRST = 40_000;
const SERVICE = 80;
/** Connections one test makes at most before something must have failed. */
const BOUND = 100;

const skip = enterNetworkNamespace() ?? false;

describe('ephemeral ports as connect() sees them', { skip }, () => {
  let sockets: ReturnType<typeof createRawSockets>;
  let reader: ReturnType<typeof createEphemeralReader>;

  beforeEach(() => {
    enterNetworkNamespace(); // a fresh one for each test: TIME_WAIT sockets cannot be closed
    setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS - 1}`);
    sockets = createRawSockets();
    reader = createEphemeralReader();
  });

  afterEach(() => {
    sockets.closeAll();
    reader.close();
  });

  it('reaches 1 exactly when the next connect() to the only destination fails', () => {
    sockets.listen('10.0.0.1', SERVICE);
    assert.equal(fill('10.0.0.1'), 20);
    assert.equal(familyUse('ipv4').used, 20);
  });

  it('counts ports shared by two destinations once for each of them', () => {
    sockets.listen('10.0.0.1', SERVICE);
    sockets.listen('10.0.0.2', SERVICE);
    // one source address for both, or else the kernel would choose the destination's own
    assert.equal(fill('10.0.0.1', '10.0.0.9'), 20);
    assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), undefined, 'the other destination has all ports left');
    for (let made = 1; made < 20; made++) assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), undefined);
    assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), 'EADDRNOTAVAIL');
    const { destinations } = reader.read();
    assert.deepEqual(
      destinations.cells.map(({ localIp, remoteIp, remotePort, portsUsed }) => [
        localIp,
        remoteIp,
        remotePort,
        portsUsed,
      ]),
      [
        ['10.0.0.9', '10.0.0.1', SERVICE, 20],
        ['10.0.0.9', '10.0.0.2', SERVICE, 20],
      ],
    );
    assert.equal(familyUse('ipv4').used, 20, '40 sockets hold 20 ports');
    assert.equal(familyUse('ipv4').utilization, 1);
  });

  it('takes what listeners and bound sockets hold away from everybody', () => {
    sockets.listen('10.0.0.1', SERVICE);
    for (const offset of [3, 4, 5]) sockets.listen('10.0.0.7', FIRST + offset);
    for (const offset of [8, 9]) sockets.bind(sockets.open('10.0.0.7'), '10.0.0.7', FIRST + offset);
    assert.equal(familyUse('ipv4').blocked, 5);
    assert.equal(fill('10.0.0.1'), 15);
  });

  it('takes what is blocked for IPv4 away from IPv6 too', () => {
    sockets.listen('::1', SERVICE);
    for (const offset of [3, 4, 5]) sockets.listen('10.0.0.7', FIRST + offset);
    assert.equal(fill('::1', undefined, 'ipv6'), 17);
  });

  it('leaves reserved ports out of the range', () => {
    setNetworkSetting('ipv4/ip_local_reserved_ports', `${FIRST + 1},${FIRST + 10}-${FIRST + 12}`);
    sockets.listen('10.0.0.1', SERVICE);
    assert.equal(familyUse('ipv4').ports, 16);
    assert.equal(fill('10.0.0.1'), 16);
  });

  it('is there for an exporter that starts when nobody gets a port any more', () => {
    for (let port = FIRST; port < FIRST + PORTS; port++) sockets.listen('0.0.0.0', port);
    reader.close();
    reader = createEphemeralReader();
    assert.equal(familyUse('ipv4').blocked, PORTS);
    assert.equal(familyUse('ipv4').utilization, 1);
  });

  it('holds for IPv6', () => {
    sockets.listen('::1', SERVICE);
    assert.equal(fill('::1', undefined, 'ipv6'), 20);
    assert.equal(familyUse('ipv6').used, 20);
    assert.equal(familyUse('ipv4').used, 0);
  });

  it('counts a v4-mapped destination as IPv4', () => {
    sockets.listen('10.0.0.1', SERVICE);
    const fd = sockets.open('::');
    sockets.connect(fd, '::ffff:10.0.0.1', SERVICE);
    assert.equal(familyUse('ipv4').used, 1);
    assert.equal(fill('10.0.0.1'), 19);
  });

  it('keeps TIME_WAIT ports with tcp_tw_reuse=0', () => {
    setNetworkSetting('ipv4/tcp_tw_reuse', '0');
    leaveTimeWait('127.0.0.1', 5);
    wait(1200);
    assert.equal(fill('127.0.0.1'), 15);
  });

  it('has TIME_WAIT ports back after a second on loopback with tcp_tw_reuse=2, and nowhere else', () => {
    setNetworkSetting('ipv4/tcp_tw_reuse', '2');
    leaveTimeWait('127.0.0.1', 5);
    leaveTimeWait('10.0.0.1', 7);
    assert.equal(familyUse('ipv4').utilization, 7 / PORTS);
    wait(1200);
    assert.equal(fill('127.0.0.1'), 20, 'all TIME_WAIT ports are taken over');
    sockets.closeAll();
    sockets.listen('10.0.0.1', SERVICE);
    assert.equal(fill('10.0.0.1'), 13);
  });

  it('has TIME_WAIT ports back after a second everywhere with tcp_tw_reuse=1', () => {
    setNetworkSetting('ipv4/tcp_tw_reuse', '1');
    leaveTimeWait('10.0.0.1', 6);
    assert.equal(familyUse('ipv4').utilization, 6 / PORTS);
    wait(1200);
    assert.equal(familyUse('ipv4').utilization, 0);
    assert.equal(fill('10.0.0.1'), 20);
  });

  it('lets another destination have the ports that bind() without a port number left to it', () => {
    sockets.listen('10.0.0.1', SERVICE);
    sockets.listen('10.0.0.2', SERVICE);
    for (let made = 0; made < 20; made++) {
      const fd = sockets.open('10.0.0.9');
      sockets.bindAddressNoPort(fd);
      sockets.bind(fd, '10.0.0.9', 0);
      sockets.connect(fd, '10.0.0.1', SERVICE);
    }
    assert.equal(familyUse('ipv4').utilization, 1);
    assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), undefined);
  });

  it('shows in ports_used what bind(address, 0) takes from everybody and inet_diag does not tell', () => {
    sockets.listen('10.0.0.1', SERVICE);
    sockets.listen('10.0.0.2', SERVICE);
    for (let made = 0; made < 10; made++) bindThenConnect('10.0.0.1');
    assert.equal(familyUse('ipv4').utilization, 10 / PORTS);
    for (let made = 0; made < 10; made++) bindThenConnect('10.0.0.2');
    // every port is taken from everybody, but each destination is seen to have 10
    assert.equal(tryConnect('10.0.0.1'), 'EADDRNOTAVAIL');
    assert.equal(familyUse('ipv4').utilization, 10 / PORTS, 'the ratio cannot see it');
    assert.equal(familyUse('ipv4').used, PORTS, 'the ports used reach the limit');
  });

  /** Connects until it fails, and checks at each step that the ratio is 1 exactly then. Returns how many it took. */
  function fill(destination: string, source?: string, family: FamilyLabel = 'ipv4'): number {
    for (let made = 0; made < BOUND; made++) {
      const { utilization } = familyUse(family);
      const failure = source === undefined ? tryConnect(destination) : connectFrom(source, destination);
      if (failure === undefined) {
        assert.ok(utilization! < 1, `connect() number ${made + 1} succeeded at a ratio of ${utilization}`);
      } else {
        assert.equal(failure, 'EADDRNOTAVAIL');
        assert.equal(utilization, 1, `connect() failed after ${made} connections`);
        return made;
      }
    }
    throw new Error(`${BOUND} connections and no failure`);
  }

  function familyUse(family: FamilyLabel) {
    const use = reader.read().families.find((candidate) => candidate.family === family);
    assert.ok(use, `no ephemeral ports of ${family}`);
    return use;
  }

  function tryConnect(destination: string): string | undefined {
    const fd = sockets.open(destination);
    const failure = sockets.tryConnect(fd, destination, SERVICE);
    if (failure !== undefined) sockets.close(fd);
    return failure;
  }

  /** From an address of choice, its port left to connect(). */
  function connectFrom(source: string, destination: string): string | undefined {
    const fd = sockets.open(destination);
    sockets.bindAddressNoPort(fd);
    sockets.bind(fd, source, 0);
    const failure = sockets.tryConnect(fd, destination, SERVICE);
    if (failure !== undefined) sockets.close(fd);
    return failure;
  }

  function bindThenConnect(destination: string): void {
    const fd = sockets.open(destination);
    sockets.bind(fd, '10.0.0.9', 0);
    sockets.connect(fd, destination, SERVICE);
  }

  /** Connections whose client closes first, so that its side stays in TIME_WAIT. The listener stays. */
  function leaveTimeWait(destination: string, count: number): void {
    const listener = sockets.listen(destination, SERVICE);
    for (let made = 0; made < count; made++) {
      const client = sockets.open(destination);
      sockets.connect(client, destination, SERVICE);
      const server = sockets.accept(listener);
      sockets.closeWrite(client);
      sockets.close(server);
      sockets.close(client);
    }
  }
});

/** Blocks this thread: nothing may run meanwhile. */
function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
