import type { Collecting } from '../collector/on-this-thread.ts';
import { describeError } from '../model/describe-error.ts';
import { KNOWN_STATES, type TcpState } from '../model/tcp-state.ts';
import type { Reference } from '../platform/reference.ts';
import { SocketTable } from '../table/socket-table.ts';
import { type ComparedRows, compareRows, type Reading } from './compare-rows.ts';
import { type Disagreement, keepLasting } from './disagreements.ts';

/** The result of comparing our sockets with one reference. */
export interface Comparison extends ComparedRows {
  /** The reference. */
  readonly reference: Pick<Reference, 'name' | 'ownerIs'>;
  /** Why nothing was compared. */
  readonly unable?: { readonly reason: string; readonly isFailure: boolean };
  /** How often both were read. */
  readonly rounds: number;
}

/** A disagreement must persist for so many rounds; the first round without any is the last. */
const MOST_ROUNDS = 5;

/**
 * Reads reference, ours, reference, until it can tell what persists from what comes and goes. Never rejects: the result
 * reports a reference that cannot be read.
 */
export async function compareWith(
  reference: Reference,
  collecting: Collecting,
  pause: () => Promise<unknown>,
): Promise<Comparison> {
  if (reference.source === collecting.source) {
    return nothing(reference, 'the exporter itself reads them from there, and there is nothing else to compare with');
  }
  try {
    let lasting: readonly Disagreement[] | undefined;
    for (let rounds = 1; ; rounds++) {
      const round = await compareOnce(reference, collecting);
      if (typeof round === 'string') return nothing(reference, round);
      lasting = keepLasting(lasting, round.disagreements);
      if (lasting.length === 0 || rounds === MOST_ROUNDS) {
        return { reference, ...round, rounds, disagreements: lasting };
      }
      await pause();
    }
  } catch (error) {
    return nothing(reference, describeError(error), !reference.isOptional);
  }
}

function nothing(reference: Reference, reason: string, isFailure = false): Comparison {
  return {
    reference,
    sockets: 0,
    rounds: 0,
    disagreements: [],
    unknownStateWords: new Map(),
    unable: { reason, isFailure },
  };
}

/** One round, or why nothing can be compared. */
async function compareOnce(reference: Reference, collecting: Collecting): Promise<ComparedRows | string> {
  const before = await readReference(reference);
  const found = collecting.collect();
  const after = await readReference(reference);
  if (found.table === undefined) return 'the exporter has read no sockets';
  const shows = (state: TcpState) => reference.shows(state) && !found.unsupportedStates.includes(state);
  if (!KNOWN_STATES.some(shows)) return 'the exporter does not see sockets of these states here';
  return compareRows(found.table, before, after, { ownerIs: reference.ownerIs, shows });
}

async function readReference(reference: Reference): Promise<Reading> {
  const table = new SocketTable();
  return { table, ...(await reference.read(table)) };
}
