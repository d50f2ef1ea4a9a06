import { TcpState } from '../model/tcp-state.ts';
import { type Found, known } from './compose.ts';
import { counterRate, type Evidence, socketsIn } from './evidence.ts';
import { count, perSecond } from './words.ts';

/** Value of tcp_syncookies with which every SYN is answered by a cookie. */
const ALWAYS = 2;

/** Handshakes that found no room: answered by a SYN cookie, or dropped. */
export function findSynBacklog(evidence: Evidence): Found[] {
  const { now, thresholds } = evidence;
  const [cookies, dropped] = [cookiesForWantOfRoom(evidence), synsDropped(evidence)];
  const seconds = evidence.before?.secondsAgo ?? 0;
  const perSecondAll = cookies + dropped;
  if (perSecondAll <= thresholds.synBacklog || perSecondAll * seconds < thresholds.leastEvents) return [];
  const halfOpen = socketsIn(now, TcpState.synRecv);
  return [
    {
      kind: 'syn_backlog_full',
      severity: 'warning',
      subject: { type: 'limit', limit: 'syn_backlog' },
      numbers: known({ cookiesPerSecond: cookies, droppedPerSecond: dropped, halfOpen }),
      headline: `A SYN backlog is full: ${perSecond(cookies)} handshakes answered by a cookie, ${perSecond(dropped)} dropped.`,
      details: halfOpen === undefined ? [] : [`${count(halfOpen)} half open now`],
    },
  ];
}

/** With cookies off only ListenDrops moves (tcp_conn_request), which counts full accept queues as well. */
function synsDropped(evidence: Evidence): number {
  const [drops, overflows] = [counterRate(evidence, 'listenDrops'), counterRate(evidence, 'listenOverflows')];
  const others = drops === undefined ? 0 : Math.max(0, drops.perSecond - (overflows?.perSecond ?? 0));
  return Math.max(others, counterRate(evidence, 'requestQueueFullDrops')?.perSecond ?? 0);
}

/** Where every SYN gets a cookie, those count that nobody answers, and only if they are most: a flood. */
function cookiesForWantOfRoom(evidence: Evidence): number {
  const sent = counterRate(evidence, 'syncookiesSent')?.perSecond ?? 0;
  if (evidence.now.settings?.tcpSyncookies !== ALWAYS) return sent;
  const unanswered = sent - (counterRate(evidence, 'syncookiesReceived')?.perSecond ?? 0);
  return unanswered > evidence.thresholds.cookiesUnanswered * sent ? unanswered : 0;
}
