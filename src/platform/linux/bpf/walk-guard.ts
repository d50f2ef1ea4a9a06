import { describeError } from '../../../model/describe-error.ts';
import { MissedDeadline } from '../../../model/missed-deadline.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import { WalkDisturbed } from './kernel-walk.ts';

/** Why the walk was switched off. */
export type Rejection = 'disagrees' | 'fails';

/** Reads in a row that may be disturbed by others before the walk counts as one that does not work. */
const MOST_DISTURBED = 3;

/** Whether the walk is used: until it fails, or disagrees with inet_diag. What it was switched off for is counted and told. */
export class WalkGuard {
  isOn = true;
  /** Why it is off. */
  reason: string | undefined;
  readonly rejections: Record<Rejection, number> = { disagrees: 0, fails: 0 };
  #disturbed = 0;

  reject(kind: Rejection, reason: string): void {
    this.isOn = false;
    this.reason = `the reader in the kernel ${kind === 'fails' ? 'fails' : 'disagrees with inet_diag'}: ${reason}`;
    this.rejections[kind]++;
  }

  succeeded(): void {
    this.#disturbed = 0;
  }

  failed(error: unknown): void {
    if (error instanceof WalkDisturbed && ++this.#disturbed < MOST_DISTURBED) return;
    this.reject('fails', describeError(error));
  }
}

/** Whether a scrape has run out of time, or the process out of memory: neither is the walk's fault. */
export function isOfScrape(error: unknown): boolean {
  return error instanceof MissedDeadline || error instanceof RangeError;
}

/** A reader that walks while its guard lets it, and else, or when the walk fails, reads the same sockets by `fallback` at once. */
export function guardReader(walk: SocketReader, fallback: SocketReader, guard: WalkGuard): SocketReader {
  const current = () => (guard.isOn ? walk : fallback);
  return {
    get source() {
      return current().source;
    },
    get sourceReason() {
      return guard.reason;
    },
    get unsupportedStates() {
      return fallback.unsupportedStates ?? [];
    },
    comparesRows: true,
    read(table: SocketTable, budget: ScrapeBudget, others?: OtherNamespaces): void {
      if (guard.isOn) {
        try {
          walk.read(table, budget, others);
          guard.succeeded();
          return;
        } catch (error) {
          if (isOfScrape(error)) throw error;
          guard.failed(error);
          table.reset();
          others?.reset();
        }
      }
      fallback.read(table, budget);
    },
  };
}
