import { allSockets } from '../../verdict/evidence.ts';
import { count, counted, percent } from '../../verdict/words.ts';
import type { View } from '../view.ts';

/** What the numbers are of, and what is missing in them, a clause each. What was not seen must not look like what is not there. */
export function describeSight({ now, before, notes }: View): string[] {
  const { snapshot } = now;
  const all = allSockets(snapshot);
  const source = snapshot.outcomes.find(({ collector }) => collector === 'sockets')?.source;
  const sockets = all === undefined ? 'no sockets' : counted(all, 'socket');
  return [
    [sockets, ...describeNamespace(snapshot.namespace), ...(source === undefined ? [] : [`by ${source}`])].join(', '),
    describeOwners(snapshot.sockets?.unattributed, all),
    ...(before === undefined ? ['one look only, so no rates'] : []),
    ...notes.filter((note) => !note.includes('CAP_SYS_PTRACE')), // where it matters, that is said above in words for a person
  ];
}

type Cells = NonNullable<View['now']['snapshot']['sockets']>['unattributed'];

function describeOwners(cells: Cells, all: number | undefined): string {
  if (cells === undefined || all === undefined) return 'no processes: nobody looked for them';
  const sum = (isMeant: (reason: string) => boolean) =>
    cells.reduce((total, { reason, sockets }) => total + (isMeant(reason) ? sockets : 0), 0);
  const hidden = sum((reason) => reason !== 'kernel');
  if (hidden === 0) return 'the process of every socket that has one';
  const ownable = Math.max(1, all - sum((reason) => reason === 'kernel'));
  const why = sum((reason) => reason === 'permission') > 0 ? ': run it as root to see whose they are' : '';
  return `not the process of ${count(hidden)} of ${counted(ownable, 'socket')} (${percent(hidden / ownable)})${why}`;
}

function describeNamespace(namespace: View['now']['snapshot']['namespace']): string[] {
  if (namespace?.isHostNetwork === undefined) return [];
  return [namespace.isHostNetwork ? 'the network of the host' : 'the network of a container or namespace'];
}
