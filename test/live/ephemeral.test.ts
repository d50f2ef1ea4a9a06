import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { FamilyLabel } from '../../src/model/socket-counts.ts';
import type { SocketSource } from '../../src/model/socket-source.ts';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const PORTS = 20;
const FIRST = 40_000;
const SERVICE = 80;
/** Connections one test makes at most before something must have failed. */
const BOUND = 100;

const skip = enterNetworkNamespace();

for (const source of ['sock_diag', 'bpf'] as const)
  describe(`ephemeral ports as connect() sees them, by ${source}`, { skip: skip ?? missing(source) }, () =>
    testPorts(source),
  );

function missing(source: SocketSource): string | false {
  return (source === 'bpf' && missingBpf()) || false;
}

function testPorts(source: SocketSource): void {
  let sockets: ReturnType<typeof createRawSockets>;
  let reader: ReturnType<typeof createEphemeralReader>;

  beforeEach(() => {
    enterNetworkNamespace(); // a fresh one for each test: TIME_WAIT sockets cannot be closed
    setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS - 1}`);
    sockets = createRawSockets();
    reader = createEphemeralReader(source);
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

  it('reaches 1 for sockets bound to an interface when those without one hold the rest of the ports', () => {
    sockets.listen('10.0.0.1', SERVICE);
    for (let made = 0; made < PORTS / 2; made++) assert.equal(tryConnect('10.0.0.1'), undefined);
    const connectByDevice = () => {
      const fd = sockets.open('10.0.0.1');
      sockets.bindToDevice(fd, 'lo');
      return sockets.tryConnect(fd, '10.0.0.1', SERVICE);
    };
    for (let made = 0; made < PORTS / 2; made++) {
      assert.ok(familyUse('ipv4').utilization! < 1);
      assert.equal(connectByDevice(), undefined);
    }
    assert.equal(connectByDevice(), 'EADDRNOTAVAIL');
    assert.equal(familyUse('ipv4').utilization, 1);
  });

  it('counts a port once that a socket bound to an interface has, and one without towards the same peer', () => {
    sockets.listen('10.0.0.1', SERVICE);
    setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS / 2 - 1}`);
    for (const device of ['lo', undefined])
      for (let made = 0; made < PORTS / 2; made++) {
        const fd = sockets.open('10.0.0.1');
        if (device !== undefined) sockets.bindToDevice(fd, device);
        sockets.connect(fd, '10.0.0.1', SERVICE);
      }
    setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + PORTS - 1}`);
    assert.equal(reader.read().destinations.cells.length, 2, 'with the interface and without');
    assert.equal(familyUse('ipv4').utilization, 0.5);
  });

  it('is 1 where the whole range is reserved', () => {
    setNetworkSetting('ipv4/ip_local_reserved_ports', `${FIRST}-${FIRST + PORTS - 1}`);
    sockets.listen('10.0.0.1', SERVICE);
    assert.equal(tryConnect('10.0.0.1'), 'EADDRNOTAVAIL');
    assert.deepEqual([familyUse('ipv4').ports, familyUse('ipv4').utilization], [0, 1]);
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
    reader = createEphemeralReader(source);
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

  for (const ports of [19, 20, 21, 22, 23, 200, 201]) {
    it(`sees what bind(address, 0) takes from everybody, of ${ports} ports`, () => {
      setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + ports - 1}`);
      const reachable = ports - (ports % 2); // of an odd number each search of the kernel passes over one port
      const destinations = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
      for (const destination of destinations) sockets.listen(destination, SERVICE);
      let made = 0;
      for (; made < ports; made++) {
        const { utilization } = familyUse('ipv4');
        if (source === 'bpf' || made < ports / 2) {
          assert.equal(bound('ipv4'), made, 'estimated: up to one half');
          // once the first port is held, none is passed over
          assert.ok(
            [reachable, ports].some((each) => utilization === Math.min(1, made / each)),
            `${utilization}`,
          );
        }
        if (!tryBindThenConnect(destinations[made % 4]!)) break;
      }
      assert.ok(made >= reachable, `${made} of ${ports}`);
      const { utilization, used } = familyUse('ipv4');
      assert.deepEqual([bound('ipv4'), utilization, used], [made, ratioOfFailure(made, ports), made]);
      if (made < ports) takePassedOver();
      // every port is taken from everybody, though each destination has a quarter of them
      assert.equal(tryConnect('10.0.0.1'), 'EADDRNOTAVAIL');
      assert.deepEqual([familyUse('ipv4').utilization, familyUse('ipv4').used], [1, ports]);
    });
  }

  for (const ports of [21, 201]) {
    it(`is at 1 when connect() may fail, though a port is left of ${ports}`, () => {
      setNetworkSetting('ipv4/ip_local_port_range', `${FIRST} ${FIRST + ports - 1}`);
      sockets.listen('10.0.0.1', SERVICE);
      let made = 0;
      for (; made < ports - 1; made++) {
        assert.equal(familyUse('ipv4').utilization, made / (ports - 1));
        assert.equal(tryConnect('10.0.0.1'), undefined);
      }
      assert.equal(familyUse('ipv4').utilization, 1);
    });
  }

  it('sees what bind(address, 0) took in TIME_WAIT that tcp_tw_reuse would free for connect()', () => {
    setNetworkSetting('ipv4/tcp_tw_reuse', '1');
    const listener = sockets.listen('10.0.0.1', SERVICE);
    let made = 0;
    for (; made < PORTS; made++) {
      const client = sockets.open('10.0.0.1');
      sockets.bind(client, '10.0.0.1', 0);
      sockets.connect(client, '10.0.0.1', SERVICE);
      const server = sockets.accept(listener);
      sockets.closeWrite(client);
      sockets.close(server);
      sockets.close(client);
      assert.equal(familyUse('ipv4').utilization, (made + 1) / PORTS);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
    assert.equal(familyUse('ipv4').utilization, 1);
    sockets.listen('10.0.0.2', SERVICE);
    assert.equal(tryConnect('10.0.0.2'), 'EADDRNOTAVAIL');
  });

  it('sees that of IPv6, for IPv4 too', () => {
    sockets.listen('::1', SERVICE);
    sockets.listen('10.0.0.1', SERVICE);
    for (let made = 0; made < 8; made++) bindThenConnect('::1', '::1');
    assert.deepEqual([bound('ipv6'), familyUse('ipv6').utilization], [8, 8 / PORTS]);
    assert.deepEqual([bound('ipv4'), familyUse('ipv4').utilization], [8, 8 / PORTS]);
    assert.equal(fill('10.0.0.1'), 12);
  });

  it('takes nothing for bound where destinations alone use more than half of the ports', () => {
    for (const destination of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) sockets.listen(destination, SERVICE);
    for (const [destination, count] of [
      ['10.0.0.1', 12],
      ['10.0.0.2', 15],
      ['10.0.0.3', 5],
    ] as const) {
      for (let made = 0; made < count; made++) assert.equal(connectFrom('10.0.0.9', destination), undefined);
    }
    assert.deepEqual([bound('ipv4'), familyUse('ipv4').utilization], [0, 15 / PORTS]);
    for (let made = 0; made < 2; made++) bindThenConnect('10.0.0.3');
    assert.deepEqual([bound('ipv4'), familyUse('ipv4').utilization], [2, 17 / PORTS]);
    for (let made = 0; made < 3; made++) assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), undefined);
    assert.equal(connectFrom('10.0.0.9', '10.0.0.2'), 'EADDRNOTAVAIL');
    assert.equal(familyUse('ipv4').utilization, 1);
  });

  it('remembers which destinations had all even ports, so that what they leave behind is not taken for bound', () => {
    for (const destination of ['10.0.0.1', '10.0.0.2']) sockets.listen(destination, SERVICE);
    const fds = Array.from({ length: 16 }, () => {
      const fd = sockets.open('10.0.0.1');
      sockets.connect(fd, '10.0.0.1', SERVICE);
      return fd;
    });
    assert.equal(bound('ipv4'), 0);
    for (const fd of fds.slice(0, 9)) sockets.reset(fd); // the first ones: even ports
    assert.deepEqual([bound('ipv4'), familyUse('ipv4').utilization], [0, 7 / PORTS]);
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

  /** By inet_diag an estimate, else known. */
  function bound(family: FamilyLabel): number | undefined {
    const { bound: known, boundEstimate } = familyUse(family);
    assert.equal(source === 'bpf' ? boundEstimate : known, undefined);
    return known ?? boundEstimate;
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

  function bindThenConnect(destination: string, source = '10.0.0.9'): void {
    const fd = sockets.open(destination);
    sockets.bind(fd, source, 0);
    sockets.connect(fd, destination, SERVICE);
  }

  /** Whether bind(address, 0) had a port left. */
  function tryBindThenConnect(destination: string): boolean {
    const fd = sockets.open(destination);
    try {
      sockets.bind(fd, '10.0.0.9', 0);
    } catch {
      sockets.close(fd);
      return false;
    }
    sockets.connect(fd, destination, SERVICE);
    return true;
  }

  /** One search in `made / 2` passes over the last port, all others over the first one; sock_diag cannot tell which is left. */
  function ratioOfFailure(made: number, ports: number): number {
    return source === 'bpf' && isHeld(FIRST) ? made / ports : 1;
  }

  function isHeld(port: number): boolean {
    const fd = sockets.open('10.0.0.9');
    try {
      sockets.bind(fd, '10.0.0.9', port);
      return false;
    } catch {
      return true;
    } finally {
      sockets.close(fd);
    }
  }

  /** Each search begins at a random port: one in a hundred finds what all others pass over. */
  function takePassedOver(): void {
    for (let tries = 0; tries < 3000; tries++) if (tryBindThenConnect('10.0.0.1')) return;
    assert.fail('the last port was never found');
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
}

/** Blocks this thread: nothing may run meanwhile. */
function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
