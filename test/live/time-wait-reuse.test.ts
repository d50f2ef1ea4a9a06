import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SocketSource } from '../../src/model/socket-source.ts';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { type FarHost, startFarHost } from '../support/sockets/far-host.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const PORTS = 40;
const SERVICE = 5432;
/** More than tcp_tw_reuse_delay. */
const OLD_ENOUGH_MS = 1300;

const skip = enterNetworkNamespace();

for (const source of ['sock_diag', 'bpf'] as const)
  describe(`tcp_tw_reuse=1 towards peers on other hosts, by ${source}`, { skip: skip ?? missing(source) }, () =>
    testReuse(source),
  );

function missing(source: SocketSource): string | false {
  return (source === 'bpf' && missingBpf()) || false;
}

function testReuse(source: SocketSource): void {
  let sockets: ReturnType<typeof createRawSockets>;
  let reader: ReturnType<typeof createEphemeralReader>;
  let hosts: FarHost[];

  beforeEach(() => {
    enterNetworkNamespace();
    setNetworkSetting('ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);
    setNetworkSetting('ipv4/tcp_tw_reuse', '1');
    sockets = createRawSockets();
    reader = createEphemeralReader(source);
    hosts = [];
  });

  afterEach(async () => {
    sockets.closeAll();
    reader.close();
    for (const host of hosts) await host.stop();
  });

  for (const family of ['ipv4', 'ipv6'] as const) {
    it(`frees no port of a peer without timestamps: the ratio is 1 when connect() fails, ${family}`, async () => {
      const { addresses } = await far(100, false);
      reader.read();
      connectUntilFailure(addresses[family]);
      await delay(OLD_ENOUGH_MS);
      connectUntilFailure(addresses[family]); // towards a peer with timestamps it would go on for ever
      assert.equal(utilization(family), 1);
    });

    it(`frees the ports of a peer with timestamps, which an open connection tells: ${family}`, async () => {
      const { addresses } = await far(101, true);
      for (let made = 0; made < 30; made++) await leaveTimeWait(addresses[family]);
      assert.equal(tryConnect(addresses[family]), undefined);
      await delay(OLD_ENOUGH_MS);
      assert.equal(utilization(family), 1 / PORTS);
      const [cell] = reader.read().destinations.cells;
      assert.ok(cell!.portsTimeWait > 20, `${cell!.portsTimeWait} of 30 are in TIME_WAIT; a RST may have ended some`);
      assert.equal(cell!.portsReusable, cell!.portsTimeWait);
    });
  }

  it('frees the ports of a peer with timestamps, which ports taken over tell', async () => {
    const { addresses } = await far(102, true);
    reader.read();
    connectUntilFailure(addresses.ipv4);
    await delay(OLD_ENOUGH_MS);
    const { destinations, families } = reader.read();
    const [cell] = destinations.cells;
    assert.ok(cell!.portsTimeWait > PORTS - 10, `${cell!.portsTimeWait} are in TIME_WAIT; a RST may have ended some`);
    // by inet_diag nothing tells yet: early rather than late
    const reusable = source === 'bpf' ? cell!.portsTimeWait : 0;
    assert.equal(cell!.portsReusable, reusable);
    const { utilization: before } = families.find(({ family }) => family === 'ipv4')!;
    assert.equal(before, (cell!.portsUsed - reusable) / PORTS);
    for (let made = 0; made < 20; made++) await leaveTimeWait(addresses.ipv4);
    await delay(OLD_ENOUGH_MS);
    assert.equal(utilization('ipv4'), 0);
  });

  it('frees the ports of connections that had timestamps, though they are off now', async () => {
    const { addresses } = await far(105, true);
    reader.read();
    connectUntilFailure(addresses.ipv4);
    await delay(OLD_ENOUGH_MS);
    setNetworkSetting('ipv4/tcp_timestamps', '0');
    const [cell] = reader.read().destinations.cells;
    assert.ok(cell!.portsTimeWait > PORTS - 10, `${cell!.portsTimeWait} are in TIME_WAIT; a RST may have ended some`);
    assert.equal(cell!.portsReusable, source === 'bpf' ? cell!.portsTimeWait : 0, 'early where nothing tells');
    await leaveTimeWait(addresses.ipv4);
  });

  it('tells two peers apart', async () => {
    const [without, withThem] = [await far(103, false), await far(104, true)];
    for (let made = 0; made < 10; made++) {
      await leaveTimeWait(without.addresses.ipv4);
      await leaveTimeWait(withThem.addresses.ipv4);
    }
    for (const { addresses } of [without, withThem]) assert.equal(tryConnect(addresses.ipv4), undefined);
    await delay(OLD_ENOUGH_MS);
    const cells = reader.read().destinations.cells;
    assert.equal(cells.length, 2);
    for (const { remoteIp, portsTimeWait, portsReusable } of cells) {
      assert.ok(portsTimeWait > 5, `${remoteIp}: ${portsTimeWait}`);
      assert.equal(portsReusable, remoteIp === withThem.addresses.ipv4 ? portsTimeWait : 0);
    }
  });

  async function far(number: number, usesTimestamps: boolean): Promise<FarHost> {
    const host = await startFarHost(number, SERVICE, usesTimestamps);
    hosts.push(host);
    return host;
  }

  function utilization(family: 'ipv4' | 'ipv6'): number | undefined {
    return reader.read().families.find((use) => use.family === family)!.utilization;
  }

  /** Connections that are closed at once, until one fails. */
  function connectUntilFailure(address: string): void {
    for (let made = 0; made < 2 * PORTS; made++) {
      const fd = sockets.open(address);
      const failure = sockets.tryConnect(fd, address, SERVICE);
      if (failure !== undefined) {
        assert.equal(failure, 'EADDRNOTAVAIL');
        sockets.close(fd);
        return;
      }
      sockets.close(fd);
    }
    throw new Error(`${2 * PORTS} connections and no failure`);
  }

  function tryConnect(address: string): string | undefined {
    return sockets.tryConnect(sockets.open(address), address, SERVICE);
  }

  async function leaveTimeWait(address: string): Promise<void> {
    const fd = sockets.open(address);
    sockets.connect(fd, address, SERVICE);
    sockets.close(fd);
    await delay(5);
  }
}
