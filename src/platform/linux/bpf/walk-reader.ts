import { MissedDeadline } from '../../../model/missed-deadline.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import type { OtherNamespaces } from '../../../table/other-namespaces.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { EVERY_NAMESPACE, type KernelWalk, type Run, Table, WalkDisturbed } from './kernel-walk.ts';
import { createOtherWalk, type OtherVisit } from './other-walk.ts';
import { decodeRun, type RowContext } from './walk-rows.ts';

/** Which sockets a walk is for. */
export interface WalkQuery {
  /** In the order in which they are read, which is that of inet_diag: what is kept from scrape to scrape comes in this order. */
  readonly tables: readonly Table[];
  /** Bit n = state n of the kernel. */
  readonly states: number;
  /** Whether which ports are held against every connect() is wanted too. */
  readonly withHeldPorts?: boolean;
}

/** TCP_NEW_SYN_RECV of include/net/tcp_states.h: a connection of which the kernel keeps little so far. */
const NEW_SYN_RECV = 12;
const CONNECTED_STATES = 0x1ffe & ~((1 << TcpState.close) | (1 << TcpState.listen));

export const EVERY_SOCKET: WalkQuery = {
  tables: [Table.listeners, Table.bound, Table.connections],
  states: CONNECTED_STATES | (1 << TcpState.listen) | (1 << NEW_SYN_RECV),
  withHeldPorts: true,
};

/** Walks begun anew in one read when sockets, or another thread, came in between. */
const MAX_TRIES = 5;

export interface WalkOptions {
  /** Remembers how long CLOSE_WAIT sockets have waited, for their rows to tell it. */
  readonly clock?: CloseWaitClock;
  readonly repeated?: RepeatedRows;
}

/** Reads sockets from the kernel's own tables. `hz`: see `readHz`. */
export function createWalkReader(
  walk: KernelWalk,
  query: WalkQuery,
  hz: number,
  { clock, repeated = new RepeatedRows() }: WalkOptions = {},
): SocketReader {
  const context: RowContext = { repeated, hz, clock };
  const foreign = createOtherWalk(walk, hz);

  return { source: 'bpf', comparesRows: true, read };

  function read(table: SocketTable, budget: ScrapeBudget, others?: OtherNamespaces): void {
    for (let attempt = 1; ; attempt++) {
      try {
        readOnce(table, budget, others);
        return;
      } catch (error) {
        if (attempt === MAX_TRIES || !(error instanceof WalkDisturbed)) throw error;
        table.reset();
        others?.reset();
      }
    }
  }

  function readOnce(table: SocketTable, budget: ScrapeBudget, others?: OtherNamespaces): void {
    repeated.begin();
    clock?.begin(budget.now());
    table.knowsTimestamps = true;
    table.knowsAges = clock !== undefined;
    let visit = others && foreign.begin(others, budget);
    const wide = () => (visit === undefined ? 0 : EVERY_NAMESPACE);
    const note = (run: Run) => {
      checkTime(budget, `${table.length} sockets`);
      leaveIfTooMuch();
      decodeRun(run, table, context, visit?.rows);
    };
    /** They must not cost the own ones. */
    const leaveIfTooMuch = () => {
      if (!visit?.isTooMuch()) return;
      visit = undefined;
      others!.reset();
    };
    for (const each of query.tables) {
      if (each === Table.bound) for (const run of readBound(budget, visit, others)) note(run);
      else walk.read(each, query.states | wide(), note);
    }
    if (query.withHeldPorts) {
      table.heldPorts = walk.readHeldPorts((run) => {
        checkTime(budget, 'ports');
        visit?.noteHeld(run);
      }, wide());
    }
    table.finish();
    clock?.finish();
    if (visit?.finish(query.states, note) === false) others!.reset();
    else leaveIfTooMuch();
  }

  /**
   * Chains are read whole or not at all, but not the lists of who is bound: rows count when all are there. They are few. If other
   * namespaces never hold still, the own one is read alone.
   */
  function readBound(
    budget: ScrapeBudget,
    visit: OtherVisit | undefined,
    others: OtherNamespaces | undefined,
  ): readonly Run[] {
    const readWide = visit && tryUndisturbed(() => readBoundOnce(budget, visit));
    if (others !== undefined) others.hasBound = readWide !== undefined;
    const runs = readWide ?? tryUndisturbed(() => readBoundOnce(budget, undefined));
    if (runs === undefined) throw new WalkDisturbed('the lists of bound sockets did not hold still');
    return runs;
  }

  function readBoundOnce(budget: ScrapeBudget, visit: OtherVisit | undefined): readonly Run[] {
    const runs: Run[] = [];
    walk.read(Table.bound, visit === undefined ? 0 : EVERY_NAMESPACE, (run) => {
      checkTime(budget, 'bound sockets');
      if (visit?.isTooMuch()) throw new WalkDisturbed('other namespaces take too long');
      if (run.length > 0) runs.push({ ...run, words: run.words.slice() });
    });
    return runs;
  }
}

/** Undefined if it is disturbed each time. */
function tryUndisturbed<Value>(read: () => Value): Value | undefined {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WalkDisturbed)) throw error;
    }
  }
  return undefined;
}

function checkTime({ now, deadlineMs }: ScrapeBudget, where: string): void {
  if (now() > deadlineMs) throw new MissedDeadline('the walk', `at ${where}`);
}
