import type { TcpState } from '../../src/model/tcp-state.ts';
import type { Reference } from '../../src/platform/reference.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';

/** One reading: rows, and words for the states of some of them, by their index. */
export interface FakeReading {
  readonly rows: readonly SocketRow[];
  readonly words?: Readonly<Record<number, string>>;
  readonly ignored?: readonly number[];
}

/** A reference that gives these readings one after the other, the last one for ever. */
export function fakeReference(
  readings: readonly (FakeReading | Error)[],
  parts: Partial<Reference> = {},
): Reference & { readonly reads: number } {
  let reads = 0;
  const reference = {
    name: 'a fake',
    source: 'fake file',
    ownerIs: 'pid' as const,
    isOptional: false,
    shows: (_state: TcpState) => true,
    ...parts,
    async read(table: Parameters<Reference['read']>[0]) {
      const reading = readings[Math.min(reads++, readings.length - 1)]!;
      if (reading instanceof Error) throw reading;
      addSocketRows(table, reading.rows);
      const unknownStateWords = new Map(Object.entries(reading.words ?? {}).map(([row, word]) => [Number(row), word]));
      return { unknownStateWords, ignored: new Set<number>(reading.ignored) };
    },
  };
  return Object.defineProperty(reference, 'reads', { get: () => reads }) as typeof reference & {
    readonly reads: number;
  };
}
