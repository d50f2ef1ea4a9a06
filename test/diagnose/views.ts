import type { DiagnoseOptions } from '../../src/config/diagnose.ts';
import { readDiagnose } from '../../src/config/diagnose.ts';
import { NO_COLORS } from '../../src/diagnose/palette.ts';
import type { Looks } from '../../src/diagnose/source.ts';
import { toView, type View } from '../../src/diagnose/view.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import { connection, PORTS, withDestination, withSockets } from '../verdict/hosts.ts';

export const PLAIN = { palette: NO_COLORS, width: 80 };
export const TIME = new Date(2026, 10, 29, 10, 42, 7);

/** Ports to one database gone, as in the first incident of the live test but with the range of a real host. */
export const EXHAUSTED = withDestination(
  { portsUsed: PORTS, portsTimeWait: 28_172 },
  withSockets({
    connections: {
      cells: [connection(TcpState.timeWait, 'unknown', 28_172), connection(TcpState.established, 'shop-worker', 60)],
      folded: 0,
    },
    localPorts: { cells: [{ state: TcpState.timeWait, localPort: 'ephemeral', sockets: 28_172 }], folded: 0 },
    remoteIps: { cells: [{ state: TcpState.timeWait, remoteIp: '10.0.0.50', sockets: 28_172 }], folded: 0 },
    processes: {
      cells: [
        { state: TcpState.timeWait, process: 'unknown', sockets: 28_172 },
        { state: TcpState.established, process: 'shop-worker', sockets: 60 },
      ],
      folded: 0,
    },
  }),
);

export function optionsOf(...argv: string[]): DiagnoseOptions {
  const command = readDiagnose('linux', argv, {});
  if (command.kind !== 'diagnose') throw new Error(`${argv.join(' ')} is ${command.kind}`);
  return command.options;
}

export function viewOf(now: Snapshot, argv: readonly string[] = [], before?: Snapshot): View {
  const looks: Looks = {
    now: { snapshot: now, atMs: 1000 },
    ...(before && { before: { snapshot: before, secondsAgo: 1 } }),
  };
  return toView(looks, { place: 'web-1', notes: [] }, optionsOf(...argv), TIME);
}
