import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLLECTORS, type CollectorName } from '../../../src/model/collectors.ts';
import { createFactCollectors } from '../../../src/platform/linux/facts.ts';
import { fakeProcfs, RECORDED } from './procfs/fake-procfs.ts';

const ALL = new Set(COLLECTORS.map((collector) => collector.name));
const NOWHERE = `${RECORDED}/nowhere`;

test('has the collectors that are on, in their order, and no others', () => {
  const namesOf = (collectors: ReadonlySet<CollectorName>) =>
    createFactCollectors({ procfs: RECORDED, collectors }).map((collector) => collector.name);
  assert.deepEqual(namesOf(ALL), ['ephemeral_ports', 'counters', 'memory', 'conntrack', 'settings', 'namespace']);
  assert.deepEqual(namesOf(new Set<CollectorName>(['settings', 'sockets', 'counters'])), ['counters', 'settings']);
  assert.deepEqual(namesOf(new Set()), []);
});

test('each returns its own part of the facts', () => {
  const parts = createFactCollectors(
    { procfs: RECORDED, collectors: ALL },
    { procfs: NOWHERE, kernelRelease: '6.12.0' },
  ).map((collector) => [collector.source, Object.keys(collector.collect())]);
  assert.deepEqual(parts, [
    ['procfs', ['ephemeral']],
    ['procfs', ['counters']],
    ['procfs', ['memory']],
    ['procfs', ['conntrack']],
    ['procfs', ['settings']],
    ['procfs', []],
  ]);
});

test('joins the counters of both files', () => {
  const [counters] = createFactCollectors({ procfs: RECORDED, collectors: new Set<CollectorName>(['counters']) });
  const { activeOpens, timeWaitEntered } = counters!.collect().counters!;
  assert.deepEqual({ activeOpens, timeWaitEntered }, { activeOpens: 142, timeWaitEntered: 14 });
});

test('memory is in bytes, by the page size found once', (t) => {
  const procfs = fakeProcfs(t, { 'self/smaps': 'KernelPageSize: 64 kB\n' });
  const [memory] = createFactCollectors({ procfs, collectors: new Set<CollectorName>(['memory']) });
  const expected = {
    memory: { orphans: 1, orphanLimit: 131072, bytes: 966 * 65536, limitBytes: 575796 * 65536, allocated: 29 },
  };
  assert.deepEqual(memory!.collect(), expected);
  assert.deepEqual(memory!.collect(), expected);
});

test('a missing module is an absent part, not a failure', (t) => {
  const procfs = fakeProcfs(t, { 'sys/net/netfilter': undefined });
  const [conntrack] = createFactCollectors({ procfs, collectors: new Set<CollectorName>(['conntrack']) });
  assert.deepEqual(conntrack!.collect(), {});
});
