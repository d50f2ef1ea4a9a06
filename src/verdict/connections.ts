import type { ConnectionCell } from '../model/socket-counts.ts';
import type { TcpCounters } from '../model/tcp-counters.ts';
import { TcpState } from '../model/tcp-state.ts';
import { type Found, known, subjectOf } from './compose.ts';
import { counterRate, type Evidence, socketsIn } from './evidence.ts';
import { destination, endpoint, isNamed, isSum, percent, perSecond } from './words.ts';

/** Connects that fail, clients that are refused, connections that are cut: rates of the whole host. */
export function findConnections(evidence: Evidence): Found[] {
  return [...findFailing(evidence), ...findRefused(evidence), ...findResets(evidence)];
}

/** The counter also has handshakes that clients broke off (half-open health checks); no more than were opened can have failed. */
function findFailing(evidence: Evidence): Found[] {
  const { now, thresholds } = evidence;
  const [fails, opens] = [counterRate(evidence, 'attemptFails'), counterRate(evidence, 'activeOpens')];
  if (fails === undefined || opens === undefined) return [];
  const brokenOff = (counterRate(evidence, 'embryonicResets')?.perSecond ?? 0) - overflowResets(evidence);
  const failing = Math.min(fails.perSecond - brokenOff, opens.perSecond);
  const isMuch =
    failing > thresholds.connectsFailingShare * opens.perSecond || failing > thresholds.connectsFailingMany;
  if (!isMuch || failing <= thresholds.connectsFailing || fails.events < thresholds.leastEvents) return [];
  const synSent = socketsIn(now, TcpState.synSent);
  return [
    {
      kind: 'connects_failing',
      severity: 'warning',
      subject: { type: 'host' },
      numbers: known({ failsPerSecond: failing, opensPerSecond: opens.perSecond, synSent }),
      headline: `Outbound connects fail: ${perSecond(failing)}, ${percent(failing / opens.perSecond)} of all.`,
      details: synSent === undefined ? [] : [`${synSent} wait for an answer (SYN_SENT)`],
    },
  ];
}

/** Resets that no connection explains: answers to SYNs for ports where nobody listens. */
function findRefused(evidence: Evidence): Found[] {
  const { thresholds } = evidence;
  const sent = counterRate(evidence, 'sentResets');
  if (sent === undefined) return [];
  const own = ownResets(evidence);
  const accepted = counterRate(evidence, 'passiveOpens')?.perSecond ?? 0;
  const refused = sent.perSecond - own;
  if (refused * evidence.before!.secondsAgo < thresholds.leastEvents) return [];
  if (refused <= thresholds.refused || refused <= thresholds.refusedShare * accepted) return [];
  return [
    {
      kind: 'connections_refused',
      severity: 'warning',
      subject: { type: 'host' },
      numbers: { refusedPerSecond: refused, acceptedPerSecond: accepted },
      headline: `This host refuses connections: ${perSecond(refused)} resets that no connection explains; accepted: ${perSecond(accepted)}.`,
    },
  ];
}

/** Resets per second that connections of this host explain, at most: what remains are refusals for certain. */
function ownResets(evidence: Evidence): number {
  const perSecond = (name: keyof TcpCounters) => counterRate(evidence, name)?.perSecond;
  const cut = perSecond('estabResets') ?? 0;
  const aborts = (['abortOnClose', 'abortOnData', 'abortOnLinger', 'abortOnMemory'] as const).map(perSecond);
  if (aborts.every((each) => each === undefined)) return cut; // Windows does not count why it resets
  // keep-alive resets what it gives up (tcp_keepalive_timer); a connect() that timed out was no connection to reset
  const givenUp = Math.min(perSecond('abortOnTimeout') ?? 0, cut);
  return aborts.reduce<number>((sum, each) => sum + (each ?? 0), givenUp + overflowResets(evidence));
}

/** Resets per second of connections that found the accept queue full, with tcp_abort_on_overflow: tcp_check_req counts both for each. */
function overflowResets(evidence: Evidence): number {
  if (evidence.now.settings?.tcpAbortOnOverflow !== 1) return 0;
  const [embryonic, overflows] = [counterRate(evidence, 'embryonicResets'), counterRate(evidence, 'listenOverflows')];
  return Math.min(embryonic?.perSecond ?? 0, overflows?.perSecond ?? 0);
}

/** The alert also compares with the hour before; between two looks only the share tells. */
function findResets(evidence: Evidence): Found[] {
  const { thresholds } = evidence;
  const resets = counterRate(evidence, 'estabResets');
  if (resets === undefined || resets.events < thresholds.leastEvents || resets.perSecond <= thresholds.resets)
    return [];
  const opened = ['activeOpens', 'passiveOpens'] as const;
  const opens = opened.reduce((sum, name) => sum + (counterRate(evidence, name)?.perSecond ?? 0), 0);
  if (resets.perSecond <= thresholds.resetShare * opens) return [];
  return [
    {
      kind: 'connections_reset',
      severity: 'warning',
      subject: { type: 'host' },
      numbers: { resetsPerSecond: resets.perSecond, opensPerSecond: opens },
      headline: `Established connections are reset: ${perSecond(resets.perSecond)}; opened: ${perSecond(opens)}.`,
    },
  ];
}

/** Destinations that do not answer. */
export function findSilentPeers({ now, before, thresholds }: Evidence): Found[] {
  const waiting = (snapshot: typeof now) => {
    const sums = new Map<
      string,
      Pick<ConnectionCell, 'remoteIp' | 'remotePort' | 'remoteName'> & {
        sockets: number;
        process: string;
        most: number;
      }
    >();
    for (const { state, process, sockets, ...cell } of snapshot.sockets?.connections?.cells ?? []) {
      if (state !== TcpState.synSent || isSum(cell.remoteIp)) continue;
      const key = endpoint(cell.remoteIp, cell.remotePort);
      const sum = sums.get(key) ?? { ...cell, sockets: 0, process: 'unknown', most: 0 };
      sum.sockets += sockets;
      if (isNamed(process) && sockets > sum.most) Object.assign(sum, { process, most: sockets });
      sums.set(key, sum);
    }
    return sums;
  };
  const earlier = before?.snapshot.sockets?.connections && waiting(before.snapshot);
  return [...waiting(now)].flatMap(([place, { sockets, process, ...to }]): Found[] => {
    const lasting = Math.min(sockets, earlier?.get(place)?.sockets ?? (earlier === undefined ? sockets : 0));
    if (lasting <= thresholds.synSentPiling) return [];
    const owner = isNamed(process) ? { process, isInferred: false, openConnections: sockets } : undefined;
    return [
      {
        kind: 'syn_sent_piling',
        severity: 'warning',
        subject: subjectOf(to),
        numbers: { synSent: sockets },
        headline: `${destination(to)} does not answer: ${sockets} connections${owner === undefined ? '' : ` of ${process}`} wait in SYN_SENT.`,
        owner,
      },
    ];
  });
}
