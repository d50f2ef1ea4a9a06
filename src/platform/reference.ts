import type { TcpState } from '../model/tcp-state.ts';
import type { SocketTable } from '../table/socket-table.ts';

/** A second reader of the sockets, to check the collectors by (`--self-check`). Scrapes never use it. */
export interface Reference {
  /** Its name for an operator. */
  readonly name: string;
  /** Its source: it cannot check a `SocketReader` with the same source. */
  readonly source: string;
  /** The meaning of `owner` in its rows. */
  readonly ownerIs: 'inode' | 'pid';
  /** Whether it shows sockets of that state; others are not compared. */
  shows(state: TcpState): boolean;
  /** Whether it may be missing: the report then says so, and it is no failure. */
  readonly isOptional: boolean;
  /** Appends every socket it shows to an empty table. Throws if it cannot parse what it reads. */
  read(table: SocketTable): Promise<ReferenceReading>;
}

export interface ReferenceReading {
  /** Rows whose state it names in an unknown language: row → word. */
  readonly unknownStateWords: ReadonlyMap<number, string>;
  /** Rows that repeat a socket, or are none: not counted. */
  readonly ignored: ReadonlySet<number>;
}
