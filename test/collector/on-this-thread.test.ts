import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createCollecting } from '../../src/collector/on-this-thread.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type { SocketReader } from '../../src/platform/platform.ts';
import { fakePlatform } from '../support/fakes/fake-platform.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';

const LISTENER: SocketRow = { state: 'listen', local: ['0.0.0.0', 80], owner: 4 };
const CLIENT: SocketRow = { state: 'established', local: ['10.0.0.1', 40_000], remote: ['10.0.0.2', 443], owner: 5 };

it('a collection is compared with the one before, as scrapes are', () => {
  const reads: string[] = [];
  const reader: SocketReader = {
    source: 'fake',
    comparesRows: true,
    read(table) {
      reads.push(`${table.end} rows of the last one, ${table.changes.isFullRecount ? 'all is new' : 'differences'}`);
      if (table.end === 0) addSocketRows(table, [LISTENER]);
      else table.keep(0);
      if (reads.length === 2) addSocketRows(table, [CLIENT]);
      table.finish();
    },
  };
  const collecting = createCollecting(
    fakePlatform({ sockets: reader }),
    { collectors: ['sockets'], limits: DEFAULT_LIMITS },
    1000,
  );
  const counts = [1, 2, 3].map(() => {
    const { snapshot, table } = collecting.collect();
    const { ipv4 } = snapshot.sockets!.states!;
    return [table!.length, ipv4[TcpState.listen], ipv4[TcpState.established]];
  });
  assert.deepEqual(reads, [
    '0 rows of the last one, all is new',
    '1 rows of the last one, differences',
    '2 rows of the last one, differences',
  ]);
  assert.deepEqual(counts, [
    [1, 1, 0],
    [2, 1, 1],
    [1, 1, 0],
  ]);
});
