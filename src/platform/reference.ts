import type { PlatformName } from '../model/collectors.ts';
import type { TcpState } from '../model/tcp-state.ts';
import type { SocketTable } from '../table/socket-table.ts';
import type { PlatformOptions } from './platform.ts';

/** Another way to the sockets than the collectors', to check those by (`--self-check`). Never used by a scrape. */
export interface Reference {
  /** As an operator would call it. */
  readonly name: string;
  /** Where its rows come from: a `SocketReader` of the same source cannot be checked by it. */
  readonly source: string;
  /** What the column `owner` of its rows holds. */
  readonly ownerIs: 'inode' | 'pid';
  /** Whether it shows sockets of that state; those of others are not compared. */
  shows(state: TcpState): boolean;
  /** Whether it may be missing: then it says so, and nothing has failed. */
  readonly isOptional: boolean;
  /** Appends every socket it shows to an empty table. Throws when what it reads is not what it knows. */
  read(table: SocketTable): Promise<ReferenceReading>;
}

export interface ReferenceReading {
  /** Rows whose state it names by a word that is not known here, in a language without translation: row → word. */
  readonly untold: ReadonlyMap<number, string>;
  /** Rows that show a socket once more, or what is none: not to be counted. */
  readonly ignored: ReadonlySet<number>;
}

/** The references of a platform. */
export async function openReferences(
  name: PlatformName,
  options: Pick<PlatformOptions, 'procfs'>,
): Promise<readonly Reference[]> {
  switch (name) {
    case 'linux': {
      const { createProcNetTcpReference } = await import('./linux/procfs/reference.ts');
      return [createProcNetTcpReference(options.procfs)];
    }
    case 'windows': {
      const { openNetstatReferences } = await import('./windows/netstat/reference.ts');
      return openNetstatReferences();
    }
  }
}
