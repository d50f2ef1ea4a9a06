import type { NetnsSocketsCell } from '../model/netns-sockets.ts';
import type { StateCounts } from '../model/socket-counts.ts';

interface StateCell {
  readonly cell: number;
  readonly state: number;
  readonly sockets: number;
}

/**
 * Keeps the `most` largest numbers of sockets by namespace and state; the others are added up by state. Zeros go first. Returns the cells, and
 * what was taken from them: index = state number, undefined = nothing.
 */
export function foldStates(
  cells: readonly NetnsSocketsCell[],
  most: number,
): { readonly cells: readonly NetnsSocketsCell[]; readonly taken: StateCounts; readonly folded: number } {
  const shown = cells.flatMap(({ states }, cell): StateCell[] =>
    states.flatMap((sockets, state) => (sockets === undefined ? [] : [{ cell, state, sockets }])),
  );
  if (shown.length <= most) return { cells, taken: [], folded: 0 };
  const smallest = shown.sort((a, b) => b.sockets - a.sockets || a.cell - b.cell || a.state - b.state).slice(most);
  const kept = cells.map(({ states }) => [...states]);
  const taken: (number | undefined)[] = [];
  for (const { cell, state, sockets } of smallest) {
    kept[cell]![state] = undefined;
    taken[state] = (taken[state] ?? 0) + sockets;
  }
  return { cells: cells.map((cell, index) => ({ ...cell, states: kept[index]! })), taken, folded: smallest.length };
}
