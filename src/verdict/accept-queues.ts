import type { Snapshot } from '../model/snapshot.ts';
import type { ListenerCell } from '../model/socket-counts.ts';
import { type Found, known } from './compose.ts';
import { counterRate, type Evidence, type Rate, rateOf } from './evidence.ts';
import { count, counted, duration, endpoint, isNamed, percent, perSecond } from './words.ts';

const NONE: Rate = { events: 0, perSecond: 0 };

/** Listeners that do not accept, or too slowly; and connections the host dropped at a queue that has room again by now. */
export function findAcceptQueues(evidence: Evidence): Found[] {
  const listeners = evidence.now.sockets?.listeners?.cells ?? [];
  const full = listeners.filter((each) => isFull(evidence, each));
  const near = listeners.flatMap((each) => judgeNear(evidence, each));
  return [...full.map((each) => judgeFull(evidence, each)), ...findOverflows(evidence, full), ...near];
}

function isFull({ thresholds }: Evidence, { queueLength, queueLimit = 0 }: ListenerCell): boolean {
  return queueLimit > thresholds.acceptQueueLeastLimit && queueLength >= queueLimit;
}

function judgeFull(evidence: Evidence, listener: ListenerCell): Found {
  const { now, before } = evidence;
  const { process, queueLength, queueLimit = 0 } = listener;
  const earlier = before && sameListener(before.snapshot, listener);
  const drops = dropsOf(evidence, listener);
  const overflows = counterRate(evidence, 'listenOverflows');
  const gaveUp = now.sockets?.closeWait?.stuck.find(
    (each) => each.process === process && each.reason === 'unaccepted',
  )?.sockets;
  const oldestSeconds = now.sockets?.closeWait?.oldest.find((each) => each.process === process)?.seconds;
  const wasFull = earlier !== undefined && isFull(evidence, earlier);
  const isDead = wasFull || (gaveUp ?? 0) > 0;
  const isCritical = isDead || (drops?.events ?? 0) > 0 || mayHaveDropped(evidence);
  const name = nameOf(listener);
  // others may have accepted these: what is certain is that it is too little
  const mayAccept = (counterRate(evidence, 'passiveOpens')?.events ?? 0) > 0;
  const fault = mayAccept ? 'accepts nothing or far too little' : 'does not accept';
  const queue = `${count(queueLength)} of ${count(queueLimit)}`;
  return {
    kind: isDead ? 'accept_queue_dead' : 'accept_queue_overflow',
    severity: isCritical ? 'critical' : 'warning',
    subject: subjectOf(listener),
    numbers: known({
      queueLength,
      queueLimit,
      dropsPerSecond: drops?.perSecond,
      hostOverflowsPerSecond: overflows?.perSecond,
      neverAccepted: gaveUp,
    }),
    headline: isDead
      ? `${name} ${fault}: its queue is full${wasFull ? ' and stays so' : ''}, ${queue}.`
      : `${name} accepts too slowly: its queue is full, ${queue}.`,
    details: [
      ...describeDrops(drops, overflows),
      ...(gaveUp
        ? [
            `${counted(gaveUp, 'client')} gave up (CLOSE_WAIT, never accepted)${oldestSeconds === undefined ? '' : `, the oldest ${duration(oldestSeconds)} ago`}`,
          ]
        : []),
    ],
  };
}

function judgeNear(evidence: Evidence, listener: ListenerCell): Found[] {
  const { thresholds } = evidence;
  const { queueLength, queueLimit = 0 } = listener;
  if (isFull(evidence, listener) || queueLength < thresholds.acceptQueueNearFrom || queueLimit === 0) return [];
  const ratio = Math.min(1, queueLength / queueLimit);
  if (ratio <= thresholds.acceptQueueNear) return [];
  return [
    {
      kind: 'accept_queue_near_limit',
      severity: 'warning',
      subject: subjectOf(listener),
      numbers: { queueLength, queueLimit, utilizationRatio: ratio },
      headline: `${nameOf(listener)} accepts too slowly: its queue is ${percent(ratio)} full (${count(queueLength)} of ${count(queueLimit)}).`,
    },
  ];
}

/**
 * Drops without a queue that is full now: the listener that dropped most, or the host's counter where no listener tells. Beside full ones
 * only what another listener dropped for certain: the rest is told with them.
 */
function findOverflows(evidence: Evidence, full: readonly ListenerCell[]): Found[] {
  const { thresholds } = evidence;
  const all = counterRate(evidence, 'listenOverflows');
  const accepted = counterRate(evidence, 'passiveOpens');
  if (all === undefined) return [];
  const others = (evidence.now.sockets?.listenerDrops?.cells ?? [])
    .filter((listener) => !full.some((each) => isSame(each, listener)))
    .map((listener) => ({ listener, drops: dropsOf(evidence, listener) ?? NONE }))
    .filter(({ drops }) => drops.events > 0)
    .sort((one, other) => other.drops.events - one.drops.events);
  const [most] = others;
  const rest = full.reduce((left, each) => add(left, dropsOf(evidence, each) ?? NONE, -1), all);
  const certain = others.reduce((sum, { drops }) => add(sum, drops), NONE);
  const overflows = full.length > 0 && certain.events < rest.events ? certain : rest;
  if (overflows.events < thresholds.leastEvents || overflows.perSecond <= thresholds.acceptOverflows) return [];
  if (overflows.perSecond <= thresholds.acceptOverflowShare * (accepted?.perSecond ?? 0)) return [];
  const numbers = known({ hostOverflowsPerSecond: all.perSecond, dropsPerSecond: most?.drops.perSecond });
  return [
    {
      kind: 'accept_queue_overflow',
      severity: 'critical',
      subject: most === undefined ? { type: 'host' } : subjectOf(most.listener),
      numbers,
      headline:
        most === undefined
          ? `This host drops ${perSecond(all.perSecond)} incoming connections at full accept queues.`
          : `${nameOf(most.listener)} drops ${perSecond(most.drops.perSecond)} incoming connections: its queue is full again and again.`,
    },
  ];
}

function add(one: Rate, other: Rate, sign = 1): Rate {
  return { events: one.events + sign * other.events, perSecond: one.perSecond + sign * other.perSecond };
}

interface Address {
  readonly localIp: string;
  readonly localPort: number;
  readonly process: string;
}

function isSame(one: Address, other: Address): boolean {
  return one.localIp === other.localIp && one.localPort === other.localPort && one.process === other.process;
}

function sameListener({ sockets }: Snapshot, listener: Address): ListenerCell | undefined {
  return sockets?.listeners?.cells.find((each) => isSame(each, listener));
}

function dropsOf(evidence: Evidence, listener: Address): Rate | undefined {
  return rateOf(evidence, ({ sockets }) => sockets?.listenerDrops?.cells.find((each) => isSame(each, listener))?.drops);
}

/** Whether the host dropped connections of which no listener is known that did. */
function mayHaveDropped(evidence: Evidence): boolean {
  const cells = evidence.now.sockets?.listenerDrops?.cells ?? [];
  const known = cells.reduce((sum, listener) => sum + (dropsOf(evidence, listener)?.events ?? 0), 0);
  return (counterRate(evidence, 'listenOverflows')?.events ?? 0) > known;
}

function describeDrops(drops: Rate | undefined, overflows: Rate | undefined): string[] {
  if (drops !== undefined && drops.events > 0) return [`${perSecond(drops.perSecond)} connections dropped here`];
  return overflows !== undefined && overflows.events > 0
    ? [`${perSecond(overflows.perSecond)} connections dropped on this host`]
    : [];
}

function subjectOf({ localIp, localPort, process }: Address) {
  return { type: 'listener', localIp, localPort, process } as const;
}

function nameOf({ localIp, localPort, process }: Address): string {
  const place = endpoint(localIp, localPort);
  return isNamed(process) ? `${process} on ${place}` : `The listener on ${place}`;
}
