import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENDINGS, EventCount, type EventFlow, FAILURE_REASONS } from '../../src/model/connection-events.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { chooseOwn, type EventSettings, openEventReadings, sumOf } from '../support/sockets/event-readings.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';

const OWN = chooseOwn();
const { port: PORT, prefix: RUN } = OWN;
const OTHER_PORT = PORT + 1;
const MOST_ROUNDS = 30;
const EXACT_ROUNDS = 3;
/** Reads without a change after which a round is over, 20 ms apart. */
const AT_REST = 25;
const twoCpus = availableParallelism() > 1 ? undefined : 'skipped: needs two CPUs';
const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? twoCpus ?? false;

/** What a round is about. */
type Sums = Readonly<Record<'connects' | 'accepted' | 'active' | 'aborted' | 'abandoned', number>>;

// One CPU handles all packets. A process there is in the middle of a program most of the time, and the other CPU interrupts it with packets.
test('what an interrupt does in the middle of a program is seen by the other program, and counted once', {
  skip,
}, async (t) => {
  setNetworkSetting('ipv4/ip_local_port_range', '10000 60999');
  setNetworkSetting('ipv4/ip_local_reserved_ports', `${PORT},${OTHER_PORT}`); // no caller's, to be free for servers
  setNetworkSetting('ipv4/tcp_max_tw_buckets', '262144');
  addSilentNetworks();
  steerPacketsTo(0);
  const maker = createConnectionMaker(t);
  await maker.serve(`${RUN}-srv`, '127.0.0.1', PORT, 'client', 1);
  const half = count(t, { isHalf: true });
  let missed = 0;
  const interrupted = await countRounds(
    t,
    async () => {
      half.take();
      const [{ ok }] = await Promise.all([
        maker.callMeanwhile(`${RUN}-call`, ['127.0.0.1', PORT], 2000, 'close', 1),
        maker.callMeanwhile(`${RUN}-busy`, ['192.0.2.2', PORT], 20_000, 'abandon', 0),
      ]);
      return { connects: ok + 20_000, accepted: ok, active: ok, aborted: 0, abandoned: 20_000 };
    },
    ({ accepted }, interruptedNow) => {
      const missedNow = accepted - half.take().accepted;
      missed += missedNow;
      return interruptedNow > 0 && missedNow > 0;
    },
  );
  t.diagnostic(`${interrupted} events in the middle of a program; without the other program ${missed} were missed`);
});

// The server closes with a reset: in its own context, and of a connection that the programs have not seen before.
test('what a process does is counted once, whatever interrupts between the two programs', { skip }, async (t) => {
  steerPacketsTo(0);
  const maker = createConnectionMaker(t);
  await maker.serve(`${RUN}-rst`, '127.0.0.1', PORT, 'reset', 0);
  await maker.serve(`${RUN}-far`, '127.0.0.1', OTHER_PORT, 'client', 1);
  await countRounds(t, async () => {
    const [{ ok, errors }] = await Promise.all([
      maker.callMeanwhile(`${RUN}-reset`, ['127.0.0.1', PORT], 2000, 'close', 1),
      maker.callMeanwhile(`${RUN}-far1`, ['127.0.0.1', OTHER_PORT], 2000, 'close', 1),
    ]);
    const calls = Object.values(errors).reduce((all, number) => all + number, ok);
    return { connects: calls, accepted: calls, aborted: calls };
  });
});

/**
 * Counts rounds until so many were exact of those that `isGood`. Never is more counted than happened. Where less is, the round is done again:
 * some kernels run no programs of others in the context of their first process, and an interrupt may come while it runs.
 * Returns how many events came in the middle of a program.
 */
async function countRounds(
  t: TestContext,
  run: () => Promise<Partial<Sums>>,
  isGood: (sums: Sums, interrupted: number) => boolean = () => true,
): Promise<number> {
  const { takeAll, interrupted } = count(t);
  const surplus: Record<string, number> = {};
  let exact = 0;
  for (let round = 0; exact < EXACT_ROUNDS; round++) {
    assert.ok(round < MOST_ROUNDS, `${exact} rounds were as they should be; missing: ${JSON.stringify(surplus)}`);
    const before = interrupted();
    const expected = await run();
    const counted = await takeAll();
    let isExact = true;
    for (const [name, number] of Object.entries(expected)) {
      const more = counted[name as keyof Sums] - number;
      surplus[name] = (surplus[name] ?? 0) + more;
      assert.ok(surplus[name] <= 0, `${name}: ${surplus[name]} counted twice`);
      if (more !== 0) isExact = false;
    }
    if (isGood(counted, interrupted() - before) && isExact) exact++;
  }
  return interrupted();
}

/** Counts this test's connections by programs of its own, since the last time. `takeAll`: once nothing changes any more. */
function count(t: TestContext, settings: EventSettings = {}) {
  const { read, readInterrupted } = openEventReadings(t, OWN, settings);
  const take = () => sumUp(read().flows);
  return { take, takeAll, interrupted: readInterrupted };

  async function takeAll(): Promise<Sums> {
    let sums = take();
    for (let tries = 0, same = 0; same < AT_REST; tries++) {
      assert.ok(tries < 1000, 'the counters do not come to rest');
      await delay(20);
      const more = take();
      same = Object.values(more).every((number) => number === 0) ? same + 1 : 0;
      sums = add(sums, more);
    }
    return sums;
  }
}

function sumUp(flows: readonly EventFlow[]): Sums {
  const [outbound, inbound] = [true, false].map((isOutbound) => flows.filter((flow) => flow.isOutbound === isOutbound));
  return {
    connects: sumOf(outbound!, EventCount.opened),
    accepted: sumOf(inbound!, EventCount.opened),
    active: sumOf(outbound!, EventCount.closed + ENDINGS.indexOf('active')),
    aborted: sumOf(inbound!, EventCount.closed + ENDINGS.indexOf('aborted')),
    abandoned: sumOf(outbound!, EventCount.failed + FAILURE_REASONS.indexOf('abandoned')),
  };
}

function add(one: Sums, other: Sums): Sums {
  return Object.fromEntries(
    Object.entries(one).map(([name, number]) => [name, number + other[name as keyof Sums]]),
  ) as Sums; // the same keys
}

/** Has one CPU handle what arrives on the loopback. The settings of a namespace's devices are in a sysfs of its own. */
function steerPacketsTo(cpu: number): void {
  const mask = (1 << cpu).toString(16);
  const script = `mount -t sysfs none /sys && echo ${mask} > /sys/class/net/lo/queues/rx-0/rps_cpus`;
  execFileSync('unshare', ['--mount', 'sh', '-c', script]);
}
