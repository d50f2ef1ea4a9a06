import type { ProcessFds } from '../model/socket-counts.ts';
import { type Found, known } from './compose.ts';
import { type Evidence, growthOf } from './evidence.ts';
import { count, counted, duration, percent } from './words.ts';

/** Processes near their limit of open files, and the host near its own. */
export function findDescriptors(evidence: Evidence): Found[] {
  const processes = evidence.now.sockets?.processFds?.cells ?? [];
  return [...processes.flatMap((each) => judgeProcess(evidence, each)), ...findSystemFiles(evidence)];
}

function judgeProcess(evidence: Evidence, fds: ProcessFds): Found[] {
  const { thresholds } = evidence;
  const { process, open, limit, closedSockets } = fds;
  const subject = { type: 'process', process } as const;
  const secondsLeft = secondsToLimit(evidence, fds);
  const numbers = known({ openFds: open, maxFds: limit, closedSockets, secondsLeft });
  const closed = closedSockets ? [`${counted(closedSockets, 'descriptor')} of sockets whose connection is gone`] : [];
  const found: Found[] = [];
  if (limit !== undefined && secondsLeft !== undefined) {
    found.push({
      kind: 'fds_running_out',
      severity: 'critical',
      subject,
      numbers,
      headline: `${process} runs out of descriptors in ${duration(secondsLeft)} at this growth: ${count(open)} of ${count(limit)} open.`,
      details: closed,
    });
  } else if (limit !== undefined && limit > 0 && open / limit > thresholds.fdsNearLimit) {
    found.push({
      kind: 'fds_near_limit',
      severity: 'warning',
      subject,
      numbers,
      headline: `${process} has ${count(open)} of ${count(limit)} descriptors open (${percent(open / limit)}).`,
      details: closed,
    });
  }
  if (closedSockets !== undefined && closedSockets > thresholds.closedSocketsHeld) {
    found.push({
      kind: 'closed_sockets_held',
      severity: 'warning',
      subject,
      numbers,
      headline: `${process} holds ${counted(closedSockets, 'descriptor')} of sockets whose connections are gone.`,
    });
  }
  return found;
}

/** Until the limit is reached at the growth between the looks; undefined where that is not within minutes, or not known. */
function secondsToLimit(evidence: Evidence, { process, open, limit }: ProcessFds): number | undefined {
  const { thresholds } = evidence;
  if (limit === undefined || limit < thresholds.fdsLeastLimit || open / limit <= thresholds.fdsRunningOutFrom)
    return undefined;
  const growth = growthOf(
    evidence,
    ({ sockets }) => sockets?.processFds?.cells.find((each) => each.process === process)?.open,
  );
  if (growth === undefined || growth.change < thresholds.leastGrowth * limit) return undefined;
  const secondsLeft = Math.max(0, limit - open) / growth.perSecond;
  return secondsLeft <= thresholds.fdsRunningOutSeconds ? secondsLeft : undefined;
}

function findSystemFiles({ now, thresholds }: Evidence): Found[] {
  const { fileNrOpen, fileMax } = now.settings ?? {};
  if (fileNrOpen === undefined || !fileMax || fileNrOpen / fileMax <= thresholds.systemFiles) return [];
  return [
    {
      kind: 'system_files_near_limit',
      severity: 'warning',
      subject: { type: 'limit', limit: 'open_files' },
      numbers: { open: fileNrOpen, limit: fileMax },
      headline: `The host has ${count(fileNrOpen)} of ${count(fileMax)} files open (${percent(fileNrOpen / fileMax)}).`,
    },
  ];
}
