import assert from 'node:assert/strict';
import { closeSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { monotonicMs } from '../../src/collector/protocol.ts';
import { EventCount, type EventFlow } from '../../src/model/connection-events.ts';
import { COUNTS_BYTES, FLOW, FLOW_KEY_BYTES } from '../../src/platform/linux/bpf/event-flows.ts';
import { attachEvents } from '../../src/platform/linux/bpf/open-events.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { chooseOwn, countEnded, openEventReadings, sumOf } from '../support/sockets/event-readings.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const OWN = chooseOwn();
const { port: PORT, prefix: RUN } = OWN;
const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? false;

test('with few places for destinations only these are lost, and it is counted', { skip }, async (t) => {
  const { call, readAll } = await open(t, { tcpstate_flows: 4 });
  for (let address = 1; address <= 20; address++) call(`${RUN}-a`, `127.0.0.${address}`, 10);
  const { flows, lost } = await readAll(200);
  const own = ofName(flows, `${RUN}-a`);
  assert.equal(sumOf(own, EventCount.opened), 200);
  const without = own.filter(({ remote }) => remote === undefined);
  assert.ok(sumOf(without, EventCount.opened) >= 160, 'at most four destinations have a place');
  assert.ok(lost.flows >= sumOf(without, EventCount.opened) + countEnded(without));
});

test('with few places for processes the others count together', { skip }, async (t) => {
  const { call, readAll } = await open(t, { tcpstate_owners: 4 });
  for (let process = 0; process < 12; process++) call(`${RUN}-${process}`, '127.0.0.1', 10);
  const { flows, lost } = await readAll(120);
  const others = flows.filter(({ owner }) => owner === 'other');
  assert.equal(sumOf(flows, EventCount.opened), 120);
  assert.ok(sumOf(others, EventCount.opened) >= 80);
  assert.ok(lost.owners >= sumOf(others, EventCount.opened));
});

test('what is read is what came since the last read, and names are looked up when they are new', {
  skip,
}, async (t) => {
  const { call, readAll } = await open(t, {});
  call(`${RUN}-b`, '127.0.0.1', 10);
  assert.equal(sumOf(ofName((await readAll(10)).flows, `${RUN}-b`), EventCount.opened), 10);
  call(`${RUN}-c`, '127.0.0.1', 7);
  const { flows, lost } = await readAll(7);
  assert.deepEqual([ofName(flows, `${RUN}-b`), sumOf(ofName(flows, `${RUN}-c`), EventCount.opened)], [[], 7]);
  assert.deepEqual(lost, { owners: 0, flows: 0, connections: 0 });
});

test('processes and destinations that are idle for an hour make room', { skip }, async (t) => {
  const { call, read, readAll } = await open(t, { tcpstate_owners: 32 });
  for (let process = 0; process < 60; process++) call(`${RUN}-${process}`, '127.0.0.1', 1);
  await readAll(60);
  call(`${RUN}-late`, '127.0.0.1', 1);
  assert.equal(ofName((await readAll(1)).flows, `${RUN}-late`).length, 0, 'there is no place');
  // programs of other tests may be faster, and take the places
  for (let hours = 2, found = 0; found === 0; hours += 3) {
    assert.ok(hours < 60, 'there is no place');
    const nowMs = monotonicMs() + hours * 3_600_000;
    read(nowMs);
    call(`${RUN}-late`, '127.0.0.1', 1);
    found = ofName((await readAll(1, nowMs)).flows, `${RUN}-late`).length;
  }
});

test('a program that calls itself MainThread, as Node.js 24 does, has the name of its file', { skip }, async (t) => {
  const { call, readAll } = await open(t, {});
  call('MainThread', '127.0.0.1', 3);
  const { flows } = await readAll(3);
  assert.equal(sumOf(ofName(flows, 'main'), EventCount.opened), 3, 'as connection-maker.ts calls it');
});

test('keys and places are as large as the kernel has them', { skip }, () => {
  const { maps, links } = attachEvents();
  const sizesOf = (fd: number) => {
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    const numberOf = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(info)?.[1]);
    return [numberOf('key_size'), numberOf('value_size'), numberOf('max_entries')] as const;
  };
  const [counts, flows, rest] = [sizesOf(maps.counts), sizesOf(maps.flows), sizesOf(maps.rest)];
  for (const fd of [...links, ...Object.values(maps)]) closeSync(fd);
  assert.deepEqual([counts[1], counts[1] * counts[2]], [FLOW.words * 4, COUNTS_BYTES]);
  assert.deepEqual([flows[0], rest[0]], [FLOW_KEY_BYTES, FLOW_KEY_BYTES]);
});

async function open(t: TestContext, sizes: Readonly<Record<string, number>>) {
  const readings = openEventReadings(t, OWN, { sizes });
  const maker = createConnectionMaker(t);
  await maker.serve(`${RUN}-srv`, '0.0.0.0', PORT, 'client');
  return {
    ...readings,
    call(name: string, address: string, count: number) {
      assert.equal(maker.call(name, [address, PORT], count, 'close').ok, count);
    },
  };
}

function ofName(flows: readonly EventFlow[], name: string): EventFlow[] {
  return flows.filter(({ owner }) => typeof owner === 'object' && owner.name === name);
}
