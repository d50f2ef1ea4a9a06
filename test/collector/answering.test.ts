import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAnswering } from '../../src/collector/answering.ts';
import { createCollection } from '../../src/collector/collect.ts';
import type { CollectorMessage, CollectRequest } from '../../src/collector/protocol.ts';
import { assembleSnapshot } from '../../src/collector/snapshot.ts';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import type { CollectorName } from '../../src/model/collectors.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { FactCollector } from '../../src/platform/platform.ts';
import { fakePlatform, fakeReader } from '../support/fakes/fake-platform.ts';
import { LINUX_BUILD } from '../support/pages/snapshots.ts';
import type { SocketRow } from '../support/tables/socket-rows.ts';

const COLLECTORS: readonly CollectorName[] = ['counters', 'memory', 'sockets'];
const LISTENER: SocketRow = { state: 'listen', local: ['0.0.0.0', 80], owner: 7, queue: [0, 10] };
const FACTS: readonly FactCollector[] = [
  { name: 'counters', source: 'fake', collect: () => ({ counters: { activeOpens: 5 } }) },
  { name: 'memory', source: 'fake', collect: () => ({ memory: { orphans: 3 } }) },
];

function createThread(facts = FACTS, events: string[] = []) {
  const messages: CollectorMessage[] = [];
  const sockets = fakeReader([LISTENER]);
  const read: typeof sockets.read = (...call) => {
    events.push('read');
    sockets.read(...call);
  };
  const collect = createCollection(fakePlatform({ facts, sockets: { ...sockets, read } }), DEFAULT_LIMITS, () => 0);
  const answer = createAnswering(collect, LINUX_BUILD, COLLECTORS.length, (message) => {
    events.push(message.type);
    messages.push(message);
  });
  const ask = async (request: Partial<CollectRequest> = {}) => {
    messages.length = 0;
    const countsWanted = new Int32Array(new SharedArrayBuffer(4));
    await answer({ id: 1, collectors: COLLECTORS, deadlineMs: 1000, countsWanted, ...request });
    const done = messages.at(-1)!;
    assert.ok(done.type === 'done');
    const parts = messages.flatMap((message) => (message.type === 'part' ? [message.part] : [])).concat(done.end.parts);
    return { messages, parts, end: done.end };
  };
  return { ask };
}

describe('createAnswering', () => {
  it('sends each fact as soon as it is there, and the rest at the end', async () => {
    const events: string[] = [];
    const facts = FACTS.map((fact) => ({
      ...fact,
      collect() {
        events.push(fact.name);
        return fact.collect();
      },
    }));
    const { parts } = await createThread(facts, events).ask();
    assert.deepEqual(events, ['counters', 'part', 'memory', 'part', 'read', 'done']);
    assert.deepEqual(
      parts.flatMap(({ outcomes }) => outcomes.map(({ collector }) => collector)),
      ['counters', 'memory', 'sockets'],
    );
  });

  it('writes the page that the counts make, and keeps them but for the states', async () => {
    const { ask } = createThread();
    const { parts, end: whole } = await ask();
    assert.deepEqual([whole.page, whole.hasCounts], [undefined, true]);
    const snapshot = assembleSnapshot({ parts, startedMs: 0, ending: 'complete' }, COLLECTORS);
    for (const format of ['text', 'openmetrics'] as const) {
      const { end, parts: sent } = await ask({ format });
      const { body } = await renderExposition(buildFamilies(snapshot, LINUX_BUILD), undefined, format);
      assert.equal(Buffer.from(end.page!).toString(), body);
      assert.equal(end.hasCounts, false);
      assert.deepEqual(sent.at(-1)!.sockets, { states: parts.at(-1)!.sockets!.states });
    }
  });

  it('sends the counts, too, when somebody wants them', async () => {
    const { ask } = createThread();
    const { parts } = await ask();
    const { end, parts: sent } = await ask({ format: 'text', countsWanted: new Int32Array([1]) });
    assert.ok(end.page!.length > 0);
    assert.equal(end.hasCounts, true);
    assert.deepEqual(sent, parts);
  });

  it('sends what collections before kept to themselves, once, with the counts', async () => {
    const { ask } = createThread();
    for (let turn = 0; turn < 3; turn++) await ask({ format: 'text' });
    await ask({ format: 'text', collectors: ['sockets'] });
    const { end } = await ask({ format: 'text', countsWanted: new Int32Array([1]) });
    const listeners = end.earlier!.map(({ snapshot }) => snapshot.sockets!.listeners!.cells.length);
    assert.deepEqual(listeners, [1, 1]);
    assert.ok(end.earlier![0]!.secondsAgo >= end.earlier![1]!.secondsAgo && end.earlier![1]!.secondsAgo >= 0);
    assert.equal((await ask()).end.earlier, undefined);
  });

  it('sends the counts when it cannot write the page', async () => {
    const named: FactCollector = {
      name: 'counters',
      source: 'fake',
      collect: () => ({ counters: new Proxy({}, { get: () => assert.fail('unreadable') }) }),
    };
    const { end } = await createThread([named]).ask({ format: 'text' });
    assert.deepEqual([end.page, end.hasCounts], [undefined, true]);
  });
});
