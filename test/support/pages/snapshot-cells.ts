import { collectorsOf, type PlatformName } from '../../../src/model/collectors.ts';
import type { CollectorOutcome } from '../../../src/model/snapshot.ts';
import type {
  ConnectionCell,
  Direction,
  ListenerCell,
  ReasonLabel,
  UnattributedCell,
} from '../../../src/model/socket-counts.ts';
import { STATE_SLOTS, TcpState } from '../../../src/model/tcp-state.ts';

type StateName = keyof typeof TcpState;

const REASONS: readonly ReasonLabel[] = ['kernel', 'unaccepted', 'permission', 'unresolved', 'pid_namespace'];

/** Sockets per state, zero for the states not named. */
export function states(counts: Readonly<Partial<Record<StateName, number>>>): number[] {
  const slots = new Array<number>(STATE_SLOTS).fill(0);
  for (const [name, count] of Object.entries(counts)) slots[TcpState[name as StateName]] = count;
  return slots;
}

export function connection(
  state: StateName,
  direction: Direction,
  localPort: string,
  remoteIp: string,
  remotePort: string,
  process: string,
  sockets: number,
): ConnectionCell {
  return { state: TcpState[state], direction, localPort, remoteIp, remotePort, process, sockets };
}

/** Cells of a breakdown by state and one label. */
export function cells<Label extends string, const Value extends string>(
  label: Label,
  rows: readonly (readonly [state: StateName, value: Value, sockets: number])[],
) {
  return rows.map(([state, value, sockets]) => ({
    ...({ [label]: value } as Record<Label, Value>),
    state: TcpState[state],
    sockets,
  }));
}

/** Every known state and reason, zero for those not named. */
export function unattributed(
  counts: Readonly<Partial<Record<StateName, Readonly<Partial<Record<ReasonLabel, number>>>>>>,
): UnattributedCell[] {
  const names = Object.keys(TcpState) as StateName[];
  return names
    .filter((name) => name !== 'unknown')
    .flatMap((name) =>
      REASONS.map((reason) => ({ state: TcpState[name], reason, sockets: counts[name]?.[reason] ?? 0 })),
    );
}

export function listener(
  localIp: string,
  localPort: number,
  process: string,
  queueLength: number,
  queueLimit: number,
): ListenerCell {
  return { localIp, localPort, process, queueLength, queueLimit };
}

export function destination(
  localIp: string,
  remoteIp: string,
  remotePort: number,
  portsUsed: number,
  portsTimeWait: number,
  portsOutside = 0,
  portsReusable = 0,
) {
  const ports = { portsUsed, portsTimeWait, portsOutside, portsReusable };
  return { family: 'ipv4', localIp, remoteIp, remotePort, ...ports } as const;
}

/** Every collector of a platform succeeded. */
export function outcomes(
  platform: PlatformName,
  runs: Readonly<Partial<Record<CollectorOutcome['collector'], readonly [seconds: number, source: string]>>>,
): CollectorOutcome[] {
  return collectorsOf(platform).map(({ name }) => {
    const [seconds, source] = runs[name]!;
    return { collector: name, success: true, seconds, source };
  });
}
