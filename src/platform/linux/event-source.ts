import { describeError } from '../../model/describe-error.ts';
import type { ConnectionEvents } from '../platform.ts';
import { createConnectionEvents, type ScrapedNames } from './bpf/connection-events.ts';
import { openEvents } from './bpf/open-events.ts';

/** What a collection needs, and what was opened for it. */
export type OpenedEvents = ConnectionEvents & { close(): void };

/**
 * Who opens and closes connections. Where the programs cannot be loaded, what they would tell is absent, and reading says why; all else
 * goes on. `names`: of processes, absent where they may not be told.
 */
export function openConnectionEvents(names: ScrapedNames | undefined): OpenedEvents {
  try {
    return createConnectionEvents(openEvents().maps, names !== undefined, names);
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
