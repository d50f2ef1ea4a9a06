/** A label that is there only where a configuration names peers: then every series of the family has it. */
export interface RemoteNameLabel<Cell> {
  readonly names: readonly string[];
  readonly of: (cell: Cell) => readonly string[];
}

type Peer = { readonly remoteName?: string };

export function remoteNameLabel<Cell extends Peer>(cells: readonly Cell[]): RemoteNameLabel<Cell> {
  if (cells.every(({ remoteName }) => remoteName === undefined)) return { names: [], of: () => [] };
  return { names: ['remote_name'], of: ({ remoteName = '' }) => [remoteName] };
}
