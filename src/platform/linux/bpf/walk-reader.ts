import { MissedDeadline } from '../../../model/missed-deadline.ts';
import { TcpState } from '../../../model/tcp-state.ts';
import type { SocketTable } from '../../../table/socket-table.ts';
import type { ScrapeBudget, SocketReader } from '../../platform.ts';
import type { CloseWaitClock } from '../rows/close-wait-clock.ts';
import { RepeatedRows } from '../rows/repeated-rows.ts';
import { type KernelWalk, type Run, Table, WalkDisturbed } from './kernel-walk.ts';
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

/** With the listeners that those which were never accepted belong to. */
export const CLOSE_WAIT_SOCKETS: WalkQuery = {
  tables: [Table.listeners, Table.connections],
  states: (1 << TcpState.closeWait) | (1 << TcpState.listen),
};

/** Walks begun anew in one read when sockets, or another thread, came in between. */
const MAX_TRIES = 5;

export interface WalkOptions {
  /** Rows after which the rest is left out, without an error. */
  readonly most?: number;
  /** Remembers how long CLOSE_WAIT sockets have waited. */
  readonly clock?: CloseWaitClock;
  readonly repeated?: RepeatedRows;
}

/** Reads sockets from the kernel's own tables. `hz`: see `readHz`. */
export function createWalkReader(
  walk: KernelWalk,
  query: WalkQuery,
  hz: number,
  { most = Number.POSITIVE_INFINITY, clock, repeated = new RepeatedRows() }: WalkOptions = {},
): SocketReader {
  const context: RowContext = { repeated, hz, clock };

  return { source: 'bpf', comparesRows: true, read };

  function read(table: SocketTable, budget: ScrapeBudget): void {
    for (let attempt = 1; ; attempt++) {
      try {
        readOnce(table, budget);
        return;
      } catch (error) {
        if (attempt === MAX_TRIES || !(error instanceof WalkDisturbed)) throw error;
        table.reset();
      }
    }
  }

  function readOnce(table: SocketTable, budget: ScrapeBudget): void {
    repeated.begin();
    clock?.begin(budget.now());
    table.knowsTimestamps = true;
    const note = (run: Run) => {
      checkTime(budget, `${table.length} sockets`);
      if (table.length <= most) decodeRun(run, table, context);
    };
    for (const each of query.tables) {
      if (each === Table.bound) for (const run of readBound(budget)) note(run);
      else walk.read(each, query.states, note);
    }
    if (query.withHeldPorts) table.heldPorts = walk.readHeldPorts(() => checkTime(budget, 'ports'));
    table.finish();
    clock?.finish();
  }

  /** Chains are read whole or not at all, but not the lists of who is bound: rows count when all are there. They are few. */
  function readBound(budget: ScrapeBudget): readonly Run[] {
    for (let attempt = 1; ; attempt++) {
      const runs: Run[] = [];
      try {
        walk.read(Table.bound, 0, (run) => {
          checkTime(budget, 'bound sockets');
          if (run.length > 0) runs.push({ ...run, words: run.words.slice() });
        });
        return runs;
      } catch (error) {
        if (attempt === MAX_TRIES || !(error instanceof WalkDisturbed)) throw error;
      }
    }
  }
}

function checkTime({ now, deadlineMs }: ScrapeBudget, where: string): void {
  if (now() > deadlineMs) throw new MissedDeadline('the walk', `at ${where}`);
}
