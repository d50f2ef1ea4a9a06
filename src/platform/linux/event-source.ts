import { describeError } from '../../model/describe-error.ts';
import type { ConnectionEvents } from '../platform.ts';
import { createConnectionEvents } from './bpf/connection-events.ts';
import { openEvents } from './bpf/open-events.ts';

/** What a collection needs, and what was opened for it. */
export type OpenedEvents = ConnectionEvents & { close(): void };

/**
 * Who opens and closes connections. Where the programs cannot be loaded, what they would tell is absent, and reading says why; all else
 * goes on. `withProcesses`: whether names of processes may be told.
 */
export function openConnectionEvents(withProcesses: boolean): OpenedEvents {
  try {
    return createConnectionEvents(openEvents().maps, withProcesses);
  } catch (error) {
    const refusal = new Error(
      `connection events take CAP_BPF, CAP_PERFMON and Linux 5.17 with BTF: ${describeError(error)}`,
      { cause: error },
    );
    return {
      source: 'bpf',
      settle() {},
      read() {
        throw refusal;
      },
      close() {},
    };
  }
}
