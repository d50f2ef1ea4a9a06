import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { KernelWalk, loadWalk } from '../../src/platform/linux/bpf/kernel-walk.ts';
import { createWalkReader, EVERY_SOCKET } from '../../src/platform/linux/bpf/walk-reader.ts';
import { parseSnmp } from '../../src/platform/linux/procfs/proc-snmp.ts';
import { ROW_WORDS, Word } from '../../src/table/socket-row.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, makeNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createOtherReader, describeRows } from '../support/sockets/other-sockets.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const STABLE = 15_000;
/** And so many bound ones without a connection. */
const BOUND = 1000;
const WALKS = 40;
const MOST_WALKS = 4000;
const LEAST_CHURN = 10_000;
const CHURN_PORT = 9000;
/** As many as come in minutes: they are ended when there were walks enough. */
const CALLS = 10_000_000;

const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? false;

test('while others come and go in another network namespace no socket that stays there is missed or read twice', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const namespace = makeNetworkNamespace();
  t.after(namespace.close);
  const sockets = createRawSockets();
  t.after(sockets.closeAll);
  namespace.within(() => makeStable(sockets));
  const opened = await startChurn(t, namespace.within);

  const reader = createOtherReader(t);
  const listeners = describeRows(reader.read().others, namespace.inum).filter((row) => row.startsWith('listen '));
  assert.equal(listeners.length, 2, 'both come and go, and stay, in that namespace');
  assertStable(await walkWhile(t, opened, () => countOwners(reader.read().others.table)));
});

test('while others come and go no socket that stays is missed or read twice', { skip, timeout: 60_000 }, async (t) => {
  const sockets = createRawSockets();
  t.after(sockets.closeAll);
  makeStable(sockets);
  const opened = await startChurn(t);

  const walk = new KernelWalk(loadWalk());
  t.after(() => walk.close());
  const reader = createWalkReader(walk, EVERY_SOCKET, 250);
  assertStable(await walkWhile(t, opened, () => readOwners(reader)));
});

/** Connections that a program opens and a server resets, one after the other, until the test ends. Returns how many there were so far. */
async function startChurn(t: TestContext, within = <Value>(act: () => Value): Value => act()): Promise<() => number> {
  const maker = createConnectionMaker(t);
  await within(() => maker.serve('churn-server', '127.0.0.1', CHURN_PORT, 'reset'));
  const pid = within(() => maker.callUntilEnd('churn', ['127.0.0.1', CHURN_PORT], CALLS, 'wait'));
  return () => parseSnmp(readFileSync(`/proc/${pid}/net/snmp`, 'latin1'), 'snmp').activeOpens!;
}

function makeStable(sockets: ReturnType<typeof createRawSockets>): void {
  const listener = sockets.listen('127.0.0.1', 8000, 1024);
  for (let made = 0; made < STABLE / 2; made++) {
    const fd = sockets.open('127.0.0.1');
    sockets.connect(fd, '127.0.0.1', 8000);
    sockets.accept(listener);
  }
  for (let made = 0; made < BOUND; made++) sockets.bind(sockets.open('127.0.0.1'), '127.0.0.1', 0);
}

/** At least so many walks, and more until enough connections came and went meanwhile. */
async function walkWhile(
  t: TestContext,
  opened: () => number,
  walk: () => Map<number, number>,
): Promise<Map<number, number>[]> {
  const before = opened();
  const churned = () => opened() - before;
  const walks: Map<number, number>[] = [];
  const startMs = performance.now();
  while (walks.length < WALKS || (churned() < LEAST_CHURN && walks.length < MOST_WALKS)) {
    walks.push(walk());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const perSecond = (churned() * 1000) / (performance.now() - startMs);
  t.diagnostic(`${walks.length} walks beside ${Math.round(perSecond)} connections a second`);
  assert.ok(churned() >= LEAST_CHURN, `${churned()} connections came and went`);
  return walks;
}

/** The sockets that the first and the last walk show. */
function assertStable(walks: readonly ReadonlyMap<number, number>[]): void {
  const [first, last] = [walks[0]!, walks.at(-1)!];
  const stable = [...first.keys()].filter((owner) => last.has(owner));
  assert.ok(stable.length >= STABLE + BOUND, `${stable.length} stay`);
  const missed = walks.flatMap((each) => stable.filter((owner) => !each.has(owner)));
  const twice = walks.flatMap((each) => [...each].filter(([, times]) => times > 1));
  assert.deepEqual([missed, twice], [[], []]);
}

/** How often the socket with each inode was read. */
function readOwners(reader: ReturnType<typeof createWalkReader>): Map<number, number> {
  const table = new SocketTable();
  reader.read(table, { now: () => performance.now(), deadlineMs: performance.now() + 10_000 });
  return countOwners(table);
}

function countOwners(table: SocketTable): Map<number, number> {
  const owners = new Map<number, number>();
  for (let at = 0; at < table.length * ROW_WORDS; at += ROW_WORDS) {
    const owner = table.words[at + Word.owner]!;
    if (owner !== 0) owners.set(owner, (owners.get(owner) ?? 0) + 1);
  }
  return owners;
}
