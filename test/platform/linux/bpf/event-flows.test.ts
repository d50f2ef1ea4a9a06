import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVENT_COUNTS } from '../../../../src/model/connection-events.ts';
import { EventCountsMemory, EventFlows, FLOW } from '../../../../src/platform/linux/bpf/event-flows.ts';
import type { KernelMap } from '../../../../src/platform/linux/bpf/kernel-map.ts';

const [FIRST, MOST] = [3, 5];
const MINUTE = 60_000;
const LAST = EVENT_COUNTS - 1;

/** The kernel's side: places of which the flows here have those from FIRST on. */
function createKernel() {
  const words = new Int32Array((FIRST + MOST + 2) * FLOW.words);
  const numbers = new BigUint64Array(words.buffer);
  const placeOf = new Map<string, number>();
  const freed: number[] = [];
  const nameOf = (key: Uint8Array) => Buffer.from(key).toString('hex');
  const keyAt = (place: number) => new Uint8Array(words.buffer, place * FLOW.words * 4, FLOW.counts * 4);
  const places = {
    read(key) {
      const place = placeOf.get(nameOf(key));
      return place === undefined ? undefined : Buffer.of(place, 0, 0, 0);
    },
    take: (key) => (placeOf.delete(nameOf(key)) ? Buffer.alloc(4) : undefined),
  } as Pick<KernelMap, 'read' | 'take'> as KernelMap;
  const free = { push: (value) => void freed.push(value[0]!) } as Pick<KernelMap, 'push'> as KernelMap;
  return {
    memory: new EventCountsMemory(words),
    words,
    maps: { places, free },
    freed,
    get known() {
      return [...placeOf.values()];
    },
    clear: (place: number) => void words.fill(0, place * FLOW.words, (place + 1) * FLOW.words),
    open(place: number, owner: number) {
      words[place * FLOW.words + FLOW.owner] = owner;
      placeOf.set(nameOf(keyAt(place)), place);
    },
    count(place: number, index: number, number: bigint) {
      numbers[(place * FLOW.words + FLOW.counts) / 2 + index]! += number;
    },
  };
}

function readAll(flows: EventFlows, kernel: ReturnType<typeof createKernel>, given = MOST, nowMs = 0) {
  const read: (readonly [owner: number, counts: readonly (readonly [index: number, number: number])[]])[] = [];
  flows.read(given, nowMs, (at, grown) => {
    const pairs = Array.from(
      { length: grown.length / 2 },
      (_, pair) => [grown[pair * 2]!, grown[pair * 2 + 1]!] as const,
    );
    read.push([kernel.words[at + FLOW.owner]!, pairs]);
  });
  return read;
}

describe('EventFlows', () => {
  it('tells what each flow has counted since the last read, and nothing of those that are idle', () => {
    const kernel = createKernel();
    const flows = new EventFlows(kernel.memory, FIRST, MOST);
    kernel.count(FIRST - 1, 0, 9n); // before and behind: of others
    kernel.count(FIRST + MOST, 0, 9n);
    for (const [place, owner] of [
      [FIRST, 7],
      [FIRST + 4, 8],
    ] as const)
      kernel.open(place, owner);
    kernel.count(FIRST, 0, 3n);
    kernel.count(FIRST + 4, LAST, 250n);
    kernel.count(FIRST + 4, 8, 1n);
    const first = readAll(flows, kernel);
    assert.deepEqual(first, [
      [7, [[0, 3]]],
      [
        8,
        [
          [8, 1],
          [LAST, 250],
        ],
      ],
    ]);
    assert.deepEqual(readAll(flows, kernel), []);
    kernel.count(FIRST, 0, 2n);
    assert.deepEqual(readAll(flows, kernel), [[7, [[0, 2]]]]);
    assert.deepEqual([flows.length, [...flows.owners()]], [2, [7, 8]]);
  });

  it('adds up to what the kernel counted beyond 32 bits', () => {
    const kernel = createKernel();
    const flows = new EventFlows(kernel.memory, FIRST, MOST);
    kernel.open(FIRST, 7);
    let told = 0;
    for (const number of [2n ** 31n - 1n, 2n, 2n ** 31n, 2n ** 40n + 5n, 1n]) {
      kernel.count(FIRST, LAST, number);
      told += readAll(flows, kernel)[0]![1][0]![1];
      assert.equal(
        told,
        Number(new BigUint64Array(kernel.words.buffer)[(FIRST * FLOW.words + FLOW.counts) / 2 + LAST]),
      );
    }
  });

  it('does not look at places that were never given', () => {
    const kernel = createKernel();
    const flows = new EventFlows(kernel.memory, FIRST, MOST);
    kernel.count(FIRST + 2, 0, 1n);
    assert.deepEqual(readAll(flows, kernel, 2), []);
    assert.equal(readAll(flows, kernel, 3).length, 1);
    assert.equal(readAll(flows, kernel, MOST + 100).length, 0, 'more was asked for than there is');
  });

  it('takes an idle flow away from the programs first, and frees its place the next time; what came in between counts', () => {
    const kernel = createKernel();
    const flows = new EventFlows(kernel.memory, FIRST, MOST);
    for (const place of [FIRST, FIRST + 1]) {
      kernel.open(place, place * 10);
      kernel.count(place, 0, 1n);
    }
    readAll(flows, kernel);
    kernel.count(FIRST + 1, 0, 1n);
    readAll(flows, kernel, MOST, 10 * MINUTE);
    flows.removeIdle(5 * MINUTE, kernel.maps, kernel.clear);
    assert.deepEqual([kernel.known, kernel.freed, [...flows.owners()]], [[FIRST + 1], [], [(FIRST + 1) * 10]]);
    kernel.count(FIRST, 8, 1n); // by a program that had found it
    assert.deepEqual(readAll(flows, kernel, MOST, 10 * MINUTE), [[FIRST * 10, [[8, 1]]]]);
    flows.removeIdle(5 * MINUTE, kernel.maps, kernel.clear);
    assert.deepEqual([kernel.freed, flows.length], [[FIRST], 1]);

    kernel.open(FIRST, 99);
    kernel.count(FIRST, 0, 4n);
    assert.deepEqual(readAll(flows, kernel, MOST, 11 * MINUTE), [[99, [[0, 4]]]]);
    assert.deepEqual([...flows.owners()], [99, (FIRST + 1) * 10]);
  });

  it('leaves a flow that the kernel has given another place where it is', () => {
    const kernel = createKernel();
    const flows = new EventFlows(kernel.memory, FIRST, MOST);
    kernel.open(FIRST, 7);
    kernel.count(FIRST, 0, 1n);
    readAll(flows, kernel);
    kernel.open(FIRST + 3, 7);
    for (let sweep = 0; sweep < 2; sweep++) flows.removeIdle(MINUTE, kernel.maps, kernel.clear);
    assert.deepEqual([kernel.known, kernel.freed], [[FIRST + 3], [FIRST]]);
  });
});
