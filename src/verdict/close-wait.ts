import type { CloseWaitAges } from '../model/socket-counts.ts';
import { TcpState } from '../model/tcp-state.ts';
import { type Found, known } from './compose.ts';
import { type Evidence, growthOf } from './evidence.ts';
import { count, counted, destination, duration, isNamed, isSum, withName } from './words.ts';

type Stuck = CloseWaitAges['stuck'][number];

/** Connections that the peer closed long ago and the process did not: a leak (unclosed), or a process that hangs (unaccepted). */
export function findCloseWait(evidence: Evidence): Found[] {
  const stuck = evidence.now.sockets?.closeWait?.stuck ?? [];
  return stuck
    .filter(({ sockets }) => sockets > evidence.thresholds.closeWaitStuck)
    .map((each) => judge(evidence, each));
}

function judge(evidence: Evidence, { process, reason, sockets }: Stuck): Found {
  const { now, thresholds } = evidence;
  const oldestSeconds = now.sockets?.closeWait?.oldest.find((each) => each.process === process)?.seconds;
  const growth = growthOf(evidence, (snapshot) => stuckOf(snapshot.sockets?.closeWait, process, reason));
  const isUnclosed = reason === 'unclosed';
  // the alert looks two hours back; here the age of the oldest is all there is
  const mayBeOldPool =
    isUnclosed &&
    sockets <= thresholds.closeWaitOldPool &&
    (oldestSeconds ?? 0) >= thresholds.closeWaitOldSeconds &&
    (growth?.change ?? 0) <= 0;
  const name = isNamed(process) ? process : 'A process that cannot be seen';
  const age = oldestSeconds === undefined ? '' : `, the oldest for ${duration(oldestSeconds)}`;
  const fds = now.sockets?.processFds?.cells.find((each) => each.process === process);
  const peer = mostFrequentPeer(evidence, process);
  return {
    kind: isUnclosed ? 'close_wait_unclosed' : 'close_wait_unaccepted',
    severity: mayBeOldPool ? 'info' : 'warning',
    subject: { type: 'process', process },
    numbers: known({
      stuck: sockets,
      oldestSeconds,
      growthPerMinute: growth && growth.perSecond * 60,
      openFds: fds?.open,
      maxFds: fds?.limit,
    }),
    headline: isUnclosed
      ? `${name} never closed ${counted(sockets, 'connection')} that the peers closed${age}.`
      : `${name} never accepted ${counted(sockets, 'connection')} whose clients gave up${age}.`,
    details: [
      ...(mayBeOldPool ? ['few and old: an idle pool, unless the number grows'] : []),
      ...(growth !== undefined && growth.change > 0 ? [`+${Math.round(growth.perSecond * 60)} a minute`] : []),
      ...(fds?.limit === undefined ? [] : [`${count(fds.open)} of ${count(fds.limit)} descriptors open`]),
      ...(peer === undefined ? [] : [`most with ${peer}`]),
    ],
  };
}

function stuckOf(ages: CloseWaitAges | undefined, process: string, reason: Stuck['reason']): number | undefined {
  if (ages === undefined) return undefined;
  return ages.stuck.find((each) => each.process === process && each.reason === reason)?.sockets ?? 0;
}

/** With whom most CLOSE_WAIT sockets of the process are; one side of a cell is an ephemeral port, which has no name there. */
function mostFrequentPeer({ now }: Evidence, process: string): string | undefined {
  const cells = (now.sockets?.connections?.cells ?? []).filter(
    (cell) => cell.state === TcpState.closeWait && cell.process === process && !isSum(cell.remoteIp),
  );
  const [most] = cells.toSorted((one, other) => other.sockets - one.sockets);
  if (most === undefined) return undefined;
  const ours = most.direction === 'inbound';
  const place = ours ? `${withName(most.remoteName, most.remoteIp)} (our port ${most.localPort})` : destination(most);
  return `${place}: ${count(most.sockets)}`;
}
