import type { Snapshot } from '../model/snapshot.ts';
import type { TcpCounters } from '../model/tcp-counters.ts';
import { stateLabel, TcpState } from '../model/tcp-state.ts';
import { counterRate, type Evidence } from './evidence.ts';
import { count, perSecond } from './words.ts';

/** States that are told even when they have no socket. */
export const TOLD_STATES: readonly number[] = [TcpState.established, TcpState.timeWait, TcpState.closeWait];

const RATES: readonly (readonly [keyof TcpCounters, string])[] = [
  ['activeOpens', 'opened'],
  ['passiveOpens', 'accepted'],
  ['attemptFails', 'failed'],
  ['estabResets', 'reset'],
  ['retransmittedSegments', 'segments sent again'],
  ['listenOverflows', 'dropped at accept queues'],
];

/** The state as netstat and the RFC write it. */
export function stateWord(state: number): string {
  return stateLabel(state).toUpperCase();
}

/** What the whole host did between the looks, a clause each; nothing without an earlier look. */
export function describeRates(evidence: Evidence): string[] {
  const rates = RATES.flatMap(([name, word]) => {
    const rate = counterRate(evidence, name);
    return rate === undefined ? [] : [{ word, rate }];
  });
  const moving = rates.filter(({ rate }) => rate.events > 0);
  if (moving.length > 0) return moving.map(({ word, rate }) => `${perSecond(rate.perSecond)} ${word}`);
  const words = rates.slice(0, 4).map(({ word }) => word);
  return rates.length === 0 ? [] : [`no connection ${words.join(', ')}`];
}

/** The settings that decide how many ports there are, and how long TIME_WAIT keeps one. */
export function describeSettings({ settings = {}, sockets, ephemeral }: Snapshot): string[] {
  const families = sockets?.ephemeral?.families ?? [];
  const isSame = new Set(families.map(({ first, last, ports }) => `${first}-${last} ${ports}`)).size === 1;
  const ranges = (isSame ? families.slice(0, 1) : families).map(
    ({ family, first, last, ports }) =>
      `dynamic range${isSame ? '' : ` ${family}`} ${first}-${last} (${count(ports)} ports)`,
  );
  const unread =
    families.length > 0
      ? []
      : Object.entries(ephemeral?.ranges ?? {}).map(
          ([family, { first, last }]) => `dynamic range ${family} ${first}-${last}`,
        );
  const { timeWaitDurationSeconds, tcpTwReuse, tcpTimedWaitDelaySeconds, maxUserPort } = settings;
  const isWindows = ephemeral?.heldAgainst === 'host';
  return [
    ...ranges,
    ...unread,
    ...(timeWaitDurationSeconds === undefined ? [] : [`TIME_WAIT lasts ${timeWaitDurationSeconds} s`]),
    ...(tcpTwReuse === undefined
      ? []
      : [`tcp_tw_reuse ${['0 (never)', '1 (always)', '2 (loopback)'][tcpTwReuse] ?? tcpTwReuse}`]),
    ...(isWindows
      ? [`TcpTimedWaitDelay ${tcpTimedWaitDelaySeconds === undefined ? 'not set' : `${tcpTimedWaitDelaySeconds} s`}`]
      : []),
    ...(isWindows ? [`MaxUserPort ${maxUserPort ?? 'not set'}`] : []),
  ];
}
