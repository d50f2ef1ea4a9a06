import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServiceSearch } from '../../src/enrich/service-ports.ts';
import { PortClass } from '../../src/table/port-classes.ts';
import { positionOf } from '../../src/table/row-changes.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { type SocketRow, turnSocketRows } from '../support/tables/socket-rows.ts';

/** Of NFS: a port of its own choice, which no listener tells of, in a connection that lives for weeks. */
const MOUNT: SocketRow = { state: 'established', local: ['10.0.0.9', 900], remote: ['10.0.0.8', 2049], owner: 1 };

/** Scrapes in turn; each answers with the ports found, and how often the rows were gone through. */
function createHost() {
  const table = new SocketTable();
  const search = new ServiceSearch();
  const classes = new Uint8Array(65_536);
  classes.fill(PortClass.ephemeralV4, 32_768, 61_000);
  classes[443] = PortClass.listening | PortClass.serving | PortClass.blocked;
  let isFirst = true;
  return (rows: readonly SocketRow[]) => {
    turnSocketRows(table, rows);
    for (const [changes, step] of [[table.changes.removed, -1] as const, [table.added, 1] as const])
      for (let index = 0; index < changes.length; index++)
        search.count(changes.words, positionOf(changes, index), step);
    let walks = 0;
    const { length, words } = table;
    const watched = Object.create(table, {
      length: { value: length },
      words: {
        get() {
          walks++;
          return words;
        },
      },
    });
    const found = search.find(watched as SocketTable, classes, isFirst);
    isFirst = false;
    table.commit();
    return { found, walks };
  };
}

function client(index: number, port = 443): SocketRow {
  return { state: 'established', local: ['10.0.0.9', port], remote: ['10.0.0.5', 40_000 + index], owner: 10 + index };
}

describe('the search for services', () => {
  it('goes through the rows when a port without a listener gets sockets, and not in every scrape', () => {
    const scrape = createHost();
    assert.deepEqual(scrape([MOUNT, client(0)]), { found: [], walks: 1 });
    assert.deepEqual(scrape([MOUNT, client(0)]), { found: [], walks: 0 });
    assert.deepEqual(scrape([MOUNT, client(1), client(2)]), { found: [], walks: 0 }, 'a service that is known');
    assert.deepEqual(scrape([MOUNT, client(1), client(2, 8443)]), { found: [8443], walks: 1 });
  });

  it('goes through them again when others come to the same peers, whose port counts', () => {
    const scrape = createHost();
    const twice: SocketRow[] = [MOUNT, { ...MOUNT, remote: ['10.0.0.7', 2049], owner: 2 }];
    assert.deepEqual(scrape(twice), { found: [], walks: 1 });
    const other: SocketRow = { ...MOUNT, local: ['10.0.0.9', 50_000], owner: 3 };
    assert.deepEqual(scrape([...twice, other]), { found: [], walks: 1 });
    assert.deepEqual(scrape([...twice, other]), { found: [], walks: 0 });
  });
});
