import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDialledSearch, dialledOwners, markOwners } from '../../src/enrich/dialled-sockets.ts';
import { Flag, hasFlag, ROW_WORDS } from '../../src/table/socket-row.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { addSocketRows, type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';

const RANGE = { first: 32_768, last: 60_999, excluded: [] };
const LISTENER: SocketRow = { state: 'listen', local: ['10.0.0.9', 4001], owner: 1 };
const ACCEPTED: SocketRow = { state: 'established', local: ['10.0.0.9', 4001], remote: ['10.0.0.5', 4001], owner: 2 };
const DIALLED: SocketRow = { state: 'established', local: ['10.0.0.9', 4001], remote: ['10.0.0.6', 9000], owner: 3 };
const CLIENT: SocketRow = { state: 'established', local: ['10.0.0.9', 4001], remote: ['10.0.0.7', 40_000], owner: 4 };

/** A host whose second walk brings `chosen` and takes `costMs`. */
function createHost(costMs = 0, chosen: readonly SocketRow[] = [DIALLED]) {
  const table = new SocketTable();
  let nowMs = 0;
  let walks = 0;
  const search = createDialledSearch();
  const secondWalk = {
    now: () => nowMs,
    read(found: SocketTable) {
      walks++;
      nowMs += costMs;
      addSocketRows(found, chosen);
    },
  };
  return {
    table,
    scrape(rows: readonly SocketRow[], readMs = 1) {
      turnSocketRows(table, rows);
      search(table, RANGE, readMs, secondWalk);
      const dialled = rows.filter((_, row) => hasFlag(table.words, row * ROW_WORDS, Flag.dialled));
      table.commit();
      return { walks, dialled };
    },
  };
}

describe('connections dialled from a port that listens', () => {
  it('are told apart from accepted ones by the second walk, and stay so', () => {
    const { scrape } = createHost();
    const rows = [LISTENER, ACCEPTED, DIALLED, CLIENT];
    assert.deepEqual(scrape(rows), { walks: 1, dialled: [DIALLED] });
    assert.deepEqual(scrape(rows), { walks: 1, dialled: [DIALLED] }, 'nothing new, no walk');
  });

  it('cost no walk where every peer has a port that clients have, or nothing listens', () => {
    const { scrape } = createHost();
    assert.equal(scrape([LISTENER, CLIENT]).walks, 0);
    assert.equal(scrape([DIALLED]).walks, 0);
  });

  it('are told from a port outside of the range to a service inside of it too', () => {
    const dialled: SocketRow = {
      state: 'established',
      local: ['10.0.0.9', 800],
      remote: ['10.0.0.6', 45_678],
      owner: 3,
    };
    const accepted: SocketRow = {
      state: 'established',
      local: ['10.0.0.9', 443],
      remote: ['10.0.0.6', 45_679],
      owner: 4,
    };
    const { scrape } = createHost(0, [dialled]);
    assert.deepEqual(scrape([accepted, dialled]), { walks: 1, dialled: [dialled] });
  });

  it('are looked for among peers on other ports only, whatever the second walk brings besides', () => {
    const { scrape, table } = createHost(0, [DIALLED, CLIENT]);
    assert.deepEqual(scrape([LISTENER, DIALLED, CLIENT]).dialled, [DIALLED]);
    assert.equal(table.length, 3);
  });

  it('have a row that was counted counted anew', () => {
    const { scrape, table } = createHost();
    scrape([LISTENER, CLIENT]);
    turnSocketRows(table, [LISTENER, CLIENT, DIALLED]);
    table.commit(); // as if a walk had not been due
    assert.deepEqual(scrape([LISTENER, CLIENT, DIALLED, ACCEPTED]).dialled, [DIALLED]);
  });

  it('wait for their walk where it would cost more than a twentieth of the others', () => {
    const { scrape } = createHost(10);
    assert.equal(scrape([LISTENER, DIALLED], 10).walks, 1);
    const walks = Array.from({ length: 40 }, (_, owner) => {
      return scrape([LISTENER, DIALLED, { ...ACCEPTED, owner: 100 + owner }], 10).walks;
    });
    assert.deepEqual([walks[18], walks[19], walks[38], walks[39]], [1, 2, 2, 3]);
  });
});

describe('connections known to be dialled', () => {
  it('stay so when the table is read anew, by their inodes', () => {
    const { table, scrape } = createHost();
    scrape([LISTENER, ACCEPTED, DIALLED]);
    const owners = dialledOwners(table);
    table.reset();
    addSocketRows(table, [DIALLED, LISTENER, CLIENT, { ...ACCEPTED, state: 'timeWait', owner: 0 }]);
    markOwners(table, owners);
    const flags = [0, 1, 2, 3].map((row) => hasFlag(table.words, row * ROW_WORDS, Flag.dialled));
    assert.deepEqual(flags, [true, false, false, false]);
  });
});
