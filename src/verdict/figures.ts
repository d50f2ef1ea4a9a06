import type { Snapshot } from '../model/snapshot.ts';
import { TcpState } from '../model/tcp-state.ts';
import { counterRate, type Evidence, socketsIn } from './evidence.ts';
import type { Finding } from './finding.ts';
import { type Headroom, measureHeadroom } from './headroom.ts';
import type { ThresholdName, Thresholds } from './thresholds.ts';

/** One number of a host that monitoring can compare and draw. */
export interface Figure {
  readonly name: FigureName;
  readonly value: number;
  readonly unit: '%' | '' | '/s';
  /** From where on it is a warning, or critical; absent: it never is by itself. */
  readonly warn?: number;
  readonly crit?: number;
  /** The most it can be. */
  readonly max?: number;
}

export type FigureName = keyof typeof FIGURES;

export interface FigureRow {
  readonly unit: Figure['unit'];
  readonly meaning: string;
  /** How the kinds of findings on the same thing begin. */
  readonly kinds: readonly string[];
  /** The thresholds that `--warn` and `--crit` replace. */
  readonly warn?: ThresholdName;
  readonly crit?: ThresholdName;
  /** The figure in the numbers of one such finding, to tell the worst from the others. */
  readonly of?: (numbers: Finding['numbers']) => number;
  readonly read: (evidence: Evidence) => { readonly value: number | undefined; readonly max?: number | undefined };
}

/** Every figure, under the name that `--warn` and `--crit` know it by. Ratios are percentages here, as people give them. */
export const FIGURES = {
  util: {
    unit: '%',
    meaning: 'ports taken towards the busiest destination (Windows: of the host)',
    kinds: ['ports_', 'time_wait_high'],
    warn: 'portsHigh',
    crit: 'portsExhausted',
    read: ({ now }) => used(now, 'ports'),
  },
  time_wait: {
    unit: '',
    meaning: 'sockets in TIME_WAIT',
    kinds: ['time_wait_table'],
    read: ({ now }) => ({ value: socketsIn(now, TcpState.timeWait), max: now.settings?.tcpMaxTwBuckets }),
  },
  close_wait: {
    unit: '',
    meaning: 'sockets in CLOSE_WAIT',
    kinds: [],
    read: ({ now }) => ({ value: socketsIn(now, TcpState.closeWait) }),
  },
  close_wait_stuck: {
    unit: '',
    meaning: 'CLOSE_WAIT sockets past --close-wait.stuck-after, of the process with most',
    kinds: ['close_wait_'],
    of: ({ stuck = 0 }) => stuck,
    warn: 'closeWaitStuck',
    read: ({ now }) => ({ value: mostStuck(now) }),
  },
  queue: {
    unit: '%',
    meaning: 'the fullest accept queue',
    kinds: ['accept_queue_dead', 'accept_queue_near', 'accept_queue_overflow'],
    of: ({ queueLength = 0, queueLimit = 0 }) => share(queueLength, queueLimit),
    warn: 'acceptQueueNear',
    read: ({ now }) => used(now, 'queue'),
  },
  fds: {
    unit: '%',
    meaning: 'descriptors of the process nearest to its limit',
    kinds: ['fds_'],
    of: ({ openFds = 0, maxFds = 0 }) => share(openFds, maxFds),
    warn: 'fdsNearLimit',
    read: ({ now }) => used(now, 'fds'),
  },
  conntrack: {
    unit: '%',
    meaning: 'the connection tracking table',
    kinds: ['conntrack_full', 'conntrack_high'],
    warn: 'conntrackHigh',
    crit: 'conntrackFull',
    read: ({ now }) => used(now, 'conntrack'),
  },
  memory: {
    unit: '%',
    meaning: 'TCP memory',
    kinds: ['tcp_memory_'],
    warn: 'tcpMemory',
    read: ({ now }) => used(now, 'memory'),
  },
  orphans: {
    unit: '%',
    meaning: 'orphaned sockets',
    kinds: ['orphans_'],
    warn: 'orphans',
    read: ({ now }) => used(now, 'orphans'),
  },
  drops: {
    unit: '/s',
    meaning: 'connections dropped at full accept queues',
    kinds: ['accept_queue_'],
    read: (evidence) => ({ value: counterRate(evidence, 'listenOverflows')?.perSecond }),
  },
} as const satisfies Readonly<Record<string, FigureRow>>;

/** Limits of the user's own, by figure. */
export type ChosenLimits = Readonly<Partial<Record<FigureName, number>>>;

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

/** The figures that are known, with the limits that hold for them. */
export function readFigures(evidence: Evidence, warn: ChosenLimits = {}, crit: ChosenLimits = {}): Figure[] {
  return FIGURE_NAMES.flatMap((name): Figure[] => {
    const row: FigureRow = FIGURES[name];
    const { value, max } = row.read(evidence);
    if (value === undefined) return [];
    const limits = {
      warn: warn[name] ?? defaultOf(row, row.warn, evidence.thresholds),
      crit: crit[name] ?? defaultOf(row, row.crit, evidence.thresholds),
      max: max ?? (row.unit === '%' ? 100 : undefined),
    };
    return [{ name, value, unit: row.unit, ...withoutAbsent(limits) }];
  });
}

/** The thresholds with the user's limits in the place of those that a finding has. */
export function withChosenLimits(thresholds: Thresholds, warn: ChosenLimits, crit: ChosenLimits): Thresholds {
  const replaced = FIGURE_NAMES.flatMap((name) => {
    const row: FigureRow = FIGURES[name];
    const ratio = row.unit === '%' ? 100 : 1;
    return [
      ...(row.warn !== undefined && warn[name] !== undefined ? [[row.warn, warn[name] / ratio] as const] : []),
      ...(row.crit !== undefined && crit[name] !== undefined ? [[row.crit, crit[name] / ratio] as const] : []),
    ];
  });
  return { ...thresholds, ...Object.fromEntries(replaced) };
}

function defaultOf({ unit }: FigureRow, name: ThresholdName | undefined, thresholds: Thresholds): number | undefined {
  if (name === undefined) return undefined;
  return unit === '%' ? Math.round(thresholds[name] * 1000) / 10 : thresholds[name];
}

function used(snapshot: Snapshot, name: Headroom['name']): { value: number | undefined } {
  const ratio = measureHeadroom(snapshot).find((each) => each.name === name)?.ratio;
  return { value: ratio && Math.round(Math.min(1, ratio) * 1000) / 10 };
}

function share(used: number, limit: number): number {
  return limit > 0 ? used / limit : 0;
}

function mostStuck({ sockets }: Snapshot): number | undefined {
  return sockets?.closeWait && Math.max(0, ...sockets.closeWait.stuck.map(({ sockets: stuck }) => stuck));
}

function withoutAbsent(limits: { warn: number | undefined; crit: number | undefined; max: number | undefined }) {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
