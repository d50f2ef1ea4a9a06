/** States that the benchmark fills a network namespace with. */
export const MEASURED_STATES = ['established', 'time_wait', 'close_wait'] as const;
export type MeasuredState = (typeof MEASURED_STATES)[number];

/** One population of sockets on which all tools are measured. */
export interface Phase {
  /** `established 100k`, `idle`. */
  readonly name: string;
  /** Undefined on the idle host, which has no sockets but the exporter's own. */
  readonly state: MeasuredState | undefined;
  readonly sockets: number;
  /** Distinct peer addresses. */
  readonly peers: number;
  /** Sockets replaced in each second, also while they are counted; 0 = all stay as they are then. */
  readonly churn: number;
}

export const OWNING_PROCESSES = 50;
const PEERS_PER_SOCKET = 0.4;
/** Share of the sockets that a busy proxy replaces in a second. */
const CHURN_PER_SECOND = 0.025;

/** The populations of a full run, in their order: memory is compared from small to large. */
export const PHASES: readonly Phase[] = [
  phaseOf(undefined, 0),
  phaseOf('established', 10_000),
  phaseOf('established', 100_000),
  phaseOf('established', 500_000),
  phaseOf('established', 1_000_000),
  phaseOf('time_wait', 100_000),
  phaseOf('time_wait', 500_000),
  phaseOf('close_wait', 100_000),
  churnOf(200_000),
];

/** The populations on which all tools wait as Prometheus does. */
export const INTERVAL_PHASES: readonly Phase[] = [phaseOf(undefined, 0), phaseOf('established', 10_000)];

export function phaseOf(state: MeasuredState | undefined, sockets: number): Phase {
  const name = state === undefined ? 'idle' : `${state} ${shortNumber(sockets)}`;
  return { name, state, sockets, peers: Math.ceil(sockets * PEERS_PER_SOCKET), churn: 0 };
}

/** ESTABLISHED sockets that come and go all the time. */
export function churnOf(sockets: number): Phase {
  return {
    ...phaseOf('established', sockets),
    name: `churn ${shortNumber(sockets)}`,
    churn: sockets * CHURN_PER_SECOND,
  };
}

function shortNumber(value: number): string {
  if (value >= 1_000_000 && value % 100_000 === 0) return `${value / 1_000_000}M`;
  return value >= 1000 && value % 100 === 0 ? `${value / 1000}k` : String(value);
}
