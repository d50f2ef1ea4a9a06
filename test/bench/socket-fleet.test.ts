import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { compileNative, type NativePrograms } from '../../bench/native.ts';
import { type SocketFleet, startFleet } from '../../bench/socket-fleet.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { readSs } from '../support/sockets/ss.ts';

const SOCKETS = 200;
const PROCESSES = 4;
const PEERS = 80;
/** 10 %. */
const THOUSANDTHS = 100;
const RENEWED = 20;

let compiled: NativePrograms | undefined;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

describe('the sockets that the benchmark makes', { skip }, () => {
  for (const state of ['established', 'close_wait'] as const) {
    it(`are in ${state}, belong to the processes asked for, and are gone in the end`, async (t) => {
      const fleet = await start(t, state);
      const before = socketsIn(state);
      assert.equal(before.length, SOCKETS);
      assert.deepEqual(
        countBy(before, ({ process }) => process),
        {
          [`${state}-00`]: 50,
          [`${state}-01`]: 50,
          [`${state}-02`]: 50,
          [`${state}-03`]: 50,
        },
      );
      assert.equal(new Set(before.map(({ remoteIp }) => remoteIp)).size, PEERS);

      await fleet.replace(THOUSANDTHS);
      const after = await settled(state);
      assert.equal(after.length, SOCKETS);
      const known = new Set(before.map(describeSocket));
      assert.equal(after.filter((socket) => !known.has(describeSocket(socket))).length, RENEWED);

      await fleet.quit();
      assert.deepEqual(socketsIn(state), []);
    });
  }

  it('come and go all the time when they are told to', async (t) => {
    const fleet = await start(t, 'established');
    const before = new Set(socketsIn('established').map(describeSocket));
    const countNew = () => socketsIn('established').filter((socket) => !before.has(describeSocket(socket))).length;
    await fleet.churn(40);
    for (let waits = 0; countNew() < RENEWED; waits++) {
      assert.ok(waits < 200, `${countNew()} are new`);
      await delay(20);
    }
    await fleet.churn(0);
    const seen = countNew();
    await delay(200);
    assert.deepEqual([countNew(), socketsIn('established').length], [seen, SOCKETS], 'and stop');
  });

  it('are in TIME_WAIT, on both sides of a connection, and become more when they are to be renewed', async (t) => {
    const fleet = await start(t, 'time_wait');
    const before = socketsIn('time_wait');
    assert.equal(before.length, SOCKETS);
    assert.equal(
      before.filter(({ localPort }) => localPort >= 8000 && localPort < 8000 + PROCESSES).length,
      SOCKETS / 2,
    );
    await fleet.replace(0);
    assert.equal(socketsIn('time_wait').length, SOCKETS);
    await fleet.replace(THOUSANDTHS);
    assert.equal(socketsIn('time_wait').length, SOCKETS + RENEWED);
  });

  it('are all counted by the C program that only dumps', async (t) => {
    await start(t, 'established');
    const [seen] = execFileSync(programs().dump, { encoding: 'utf8' }).split(' ').map(Number);
    assert.equal(seen, readSs().length);
    assert.ok(seen! >= SOCKETS + PROCESSES);
  });
});

/** A fleet that is gone after the test, however that ends: while it lives, so does this process. */
async function start(t: TestContext, state: string): Promise<SocketFleet> {
  const options = { state, sockets: SOCKETS, processes: PROCESSES, peers: PEERS, name: state };
  const fleet = await startFleet(programs().sockets, options);
  t.after(fleet.quit);
  return fleet;
}

function programs(): NativePrograms {
  compiled ??= compileNative();
  return compiled;
}

function socketsIn(state: string) {
  return readSs().filter((socket) => socket.state === state);
}

/** Replaced sockets in CLOSE_WAIT leave at the reset that answers their FIN. */
async function settled(state: string) {
  await delay(100);
  return socketsIn(state);
}

function describeSocket({ localIp, localPort, remoteIp, remotePort }: ReturnType<typeof readSs>[number]): string {
  return `${localIp} ${localPort} ${remoteIp} ${remotePort}`;
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item) ?? ''] = (counts[keyOf(item) ?? ''] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort());
}
