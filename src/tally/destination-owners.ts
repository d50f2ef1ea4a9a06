import type { NetnsOwner } from '../model/netns-sockets.ts';
import { UNKNOWN_LABEL } from '../table/name-table.ts';
import { Flag, hasFlag, localPortOf, ROW_WORDS, Word } from '../table/socket-row.ts';
import type { CountedTable } from '../table/socket-table.ts';
import type { Destinations } from './destinations.ts';

/**
 * Who uses the ports towards destinations, by their numbers: of all sockets whose process is known, else of the others, what is the same of each.
 * `rowsOf`: rows of the namespace of a destination.
 */
export function findDestinationOwners(
  table: CountedTable,
  wanted: readonly { readonly number: number; readonly group: bigint }[],
  rowsOf: (group: bigint) => Int32Array,
  cellOf: Destinations['cellOf'],
  ownerOf: (name: string) => NetnsOwner | undefined,
): ReadonlyMap<number, NetnsOwner> {
  const names = new Map(wanted.map(({ number }) => [number, new Set<number>()]));
  const { words } = table;
  const listening = new Set(table.listeners.map((row) => keyOf(row)));
  for (const group of new Set(wanted.map((each) => each.group))) {
    for (const row of rowsOf(group)) {
      const at = row * ROW_WORDS;
      if (!hasFlag(words, at, Flag.dialled) && listening.has(keyOf(row))) continue; // inbound
      names.get(cellOf(words, at))?.add(words[at + Word.process]!);
    }
  }
  return new Map(
    [...names].flatMap(([number, ids]) => {
      const owners = [...ids].flatMap((id) => ownerOf(table.processNames.nameOf(id)) ?? []);
      return owners.length === 0 ? [] : [[number, commonOf(owners)] as const];
    }),
  );

  /** By group and local port. */
  function keyOf(row: number): number {
    return table.rowAt(row).group * 65_536 + localPortOf(words, row * ROW_WORDS);
  }
}

function commonOf(owners: readonly NetnsOwner[]): NetnsOwner {
  const known = owners.filter(({ process }) => process !== UNKNOWN_LABEL);
  const told = known.length > 0 ? known : owners;
  const common = (label: 'container' | 'unit' | 'process') =>
    told.every((each) => each[label] === told[0]![label]) ? told[0]![label] : '';
  return { ...told[0]!, container: common('container'), unit: common('unit'), process: common('process') };
}
