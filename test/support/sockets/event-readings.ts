import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../src/collector/protocol.ts';
import { ENDINGS, EventCount, type EventFlow, type EventGrowth } from '../../../src/model/connection-events.ts';
import { createConnectionEvents } from '../../../src/platform/linux/bpf/connection-events.ts';
import { KernelMap } from '../../../src/platform/linux/bpf/kernel-map.ts';
import { attachEvents } from '../../../src/platform/linux/bpf/open-events.ts';

/** struct state of events.bpf.c. */
const STATE = { length: 56, interrupted: 32 } as const;

/** Which events are a test's own: the programs see those of every namespace. */
export interface OwnEvents {
  /** Of the server. Nobody else has it, in no other namespace. */
  readonly port: number;
  /** What the names of its processes begin with. */
  readonly prefix: string;
}

export function chooseOwn(): OwnEvents {
  return {
    port: 20_000 + Math.floor(Math.random() * 10_000),
    prefix: Math.random().toString(36).slice(2, 6).padEnd(4, '0'),
  };
}

export interface EventSettings {
  /** Of maps, as `attachEvents`. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Without the program that sees what happens in the middle of the other one. */
  readonly isHalf?: boolean;
}

/** Programs of the test's own, attached until it ends. */
export function openEventReadings(t: TestContext, own: OwnEvents, { sizes = {}, isHalf = false }: EventSettings = {}) {
  const { maps, links } = attachEvents(sizes);
  const kept = isHalf ? links.slice(0, 1) : links;
  for (const fd of links) if (!kept.includes(fd)) closeSync(fd);
  const state = new KernelMap(maps.state, 4, STATE.length);
  const events = createConnectionEvents(maps, true);
  t.after(() => {
    events.close();
    for (const fd of [...kept, ...Object.values(maps)]) closeSync(fd);
  });
  const isOurs = ({ owner, remote, localPort }: EventFlow) =>
    remote === undefined && localPort === undefined
      ? typeof owner === 'object' && owner.name!.startsWith(own.prefix)
      : (remote?.port ?? localPort) === own.port;
  return { events, read, readAll, readInterrupted };

  /** What came since the last read. */
  function read(nowMs = monotonicMs()) {
    const flows: EventFlow[] = [];
    const lost = events.read(nowMs, (flow) => {
      if (isOurs(flow)) flows.push(flow);
    });
    return { flows, lost };
  }

  /** What is read until so many outbound connections have ended: the FIN of the other side may be late. */
  async function readAll(ended: number, nowMs?: number) {
    const flows: EventFlow[] = [];
    for (let tries = 0; ; tries++) {
      const came = read(nowMs);
      flows.push(...came.flows.filter(({ isOutbound }) => isOutbound));
      if (countEnded(flows) >= ended) return { flows, lost: came.lost };
      assert.ok(tries < 500, `${countEnded(flows)} of ${ended} have ended`);
      await delay(20);
    }
  }

  /** Events of all that the second program saw in the middle of the first one. */
  function readInterrupted(): number {
    return state.read(Buffer.alloc(4))!.readUInt32LE(STATE.interrupted);
  }
}

export function countEnded(flows: readonly EventFlow[]): number {
  return ENDINGS.reduce((all, _, index) => all + sumOf(flows, EventCount.closed + index), 0);
}

export function sumOf(flows: readonly EventFlow[], index: number): number {
  return flows.reduce((all, { grown }) => all + grownOf(grown, index), 0);
}

/** By how much one of the numbers grew. */
export function grownOf(grown: EventGrowth, wanted: number): number {
  let sum = 0;
  for (let at = 0; at < grown.length; at += 2) if (grown[at] === wanted) sum += grown[at + 1]!;
  return sum;
}
