import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListenerDropsCell } from '../../src/model/socket-counts.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { createListenerDropsTally } from '../../src/tally/listener-drops.ts';
import { addSocketRows, type SocketRow } from '../support/tables/socket-rows.ts';

/** A listener's inode, and what it has dropped as the kernel tells; `undefined` = it was gone when it was asked. */
interface Listener {
  readonly owner: number;
  readonly drops: number | undefined;
  readonly process?: string;
  readonly local?: SocketRow['local'];
}

/** What one scrape adds to ListenDrops of a host whose listeners tell the truth. */
const MANY = 1e12;

/**
 * The cells of scrape after scrape, as `ip:port process drops`, behind one without a listener; undefined where nothing is said. `hosts`:
 * ListenDrops at each; undefined = it cannot be read then.
 */
function scrapesOf(
  scrapes: readonly (readonly Listener[])[],
  limit = 100,
  hosts: readonly (number | undefined)[] = scrapes.map((_, index) => (index + 1) * MANY),
): (string[] | undefined)[] {
  const table = new SocketTable();
  const read = new SocketTable();
  const countDrops = createListenerDropsTally(table, limit);
  const cells = [[], ...scrapes].map((listeners, scrape) => {
    table.reset();
    read.reset();
    for (const { owner, drops, process, local } of listeners) {
      const row: SocketRow = {
        state: 'listen',
        local: local ?? ['0.0.0.0', 8080],
        owner,
        ...(process !== undefined && { process }),
      };
      addSocketRows(table, [row]);
      if (drops === undefined) continue;
      addSocketRows(read, [row]);
      read.listenDrops.push({ row: read.length - 1, drops });
    }
    return countDrops(read, [0, ...hosts][scrape]).listenerDrops?.cells.map(textOf);
  });
  return cells.slice(1);
}

function textOf({ localIp, localPort, process, drops }: ListenerDropsCell): string {
  return `${localIp}:${localPort} ${process} ${drops}`;
}

describe('drops of listeners', () => {
  it('are what the kernel says, the largest first, each address, port and process by itself', () => {
    const listeners: Listener[] = [
      { owner: 1, drops: 4, process: 'shop' },
      { owner: 2, drops: 0, process: 'shop', local: ['::', 8080] },
      { owner: 3, drops: 9, process: 'shop', local: ['0.0.0.0', 8081] },
      { owner: 4, drops: 5, process: 'admin' },
    ];
    const expected = ['0.0.0.0:8081 shop 9', '0.0.0.0:8080 admin 5', '0.0.0.0:8080 shop 4', ':::8080 shop 0'];
    assert.deepEqual(scrapesOf([listeners]), [expected]);
    assert.deepEqual(scrapesOf([listeners], 2), [expected.slice(0, 2)]);
  });

  it('of one label set are added up, and stay in the sum when one of several goes', () => {
    const one = (drops: number): Listener => ({ owner: 1, drops, process: 'shop' });
    const two = (drops: number): Listener => ({ owner: 2, drops, process: 'shop' });
    assert.deepEqual(
      scrapesOf([[one(3), two(40)], [one(3)], [one(5)], [one(5), { owner: 3, drops: 1, process: 'shop' }]]),
      [['0.0.0.0:8080 shop 43'], ['0.0.0.0:8080 shop 43'], ['0.0.0.0:8080 shop 45'], ['0.0.0.0:8080 shop 46']],
    );
  });

  it('begin anew when the last listener went, but not when another took its place in between', () => {
    const first: Listener = { owner: 1, drops: 100, process: 'shop' };
    const second: Listener = { owner: 2, drops: 7, process: 'shop' };
    assert.deepEqual(scrapesOf([[first], [second]]).at(-1), ['0.0.0.0:8080 shop 100']);
    assert.deepEqual(scrapesOf([[first], [], [second]]), [['0.0.0.0:8080 shop 100'], [], ['0.0.0.0:8080 shop 7']]);
  });

  it('come along whole when the process is found, or has another name', () => {
    const named = (process: string | undefined, drops: number): Listener => ({
      owner: 1,
      drops,
      ...(process !== undefined && { process }),
    });
    assert.deepEqual(scrapesOf([[named(undefined, 12)], [named('shop', 13)], [named('shop2', 13)]]), [
      ['0.0.0.0:8080 unknown 12'],
      ['0.0.0.0:8080 shop 13'],
      ['0.0.0.0:8080 shop2 13'],
    ]);
  });

  it('of the past are no increase of a label set that was there before', () => {
    const known: Listener = { owner: 1, drops: 5, process: 'shop' };
    const scrapes = scrapesOf([
      [known, { owner: 2, drops: 1000 }],
      [known, { owner: 2, drops: 1002, process: 'shop' }],
    ]);
    assert.deepEqual(scrapes.at(-1), ['0.0.0.0:8080 shop 7']);
  });

  it('of a listener that closed before it was asked are what it had', () => {
    const other: Listener = { owner: 2, drops: 1, process: 'admin' };
    const scrapes = scrapesOf([
      [{ owner: 1, drops: 5, process: 'shop' }, other],
      [{ owner: 1, drops: undefined, process: 'shop' }, { owner: 3, drops: undefined, process: 'new' }, other],
    ]);
    assert.deepEqual(scrapes.at(-1), ['0.0.0.0:8080 shop 5', '0.0.0.0:8080 admin 1']);
  });

  it('that count from 0 again do not make the sum fall', () => {
    const listener = (drops: number): Listener[] => [{ owner: 1, drops, process: 'shop' }];
    assert.deepEqual(scrapesOf([listener(4_294_967_290), listener(4)]).at(-1), ['0.0.0.0:8080 shop 4294967294']);
  });

  it('are not said where the kernel does not tell them', () => {
    assert.deepEqual(scrapesOf([[{ owner: 1, drops: undefined, process: 'shop' }]]), [undefined]);
  });

  it('are no more than the host dropped: a listener also counts segments that cost no connection', () => {
    const busy = (drops: number): Listener[] => [{ owner: 1, drops, process: 'httpd' }];
    assert.deepEqual(scrapesOf([busy(500), busy(900), busy(950)], 100, [0, 30, 30]), [
      ['0.0.0.0:8080 httpd 0'],
      ['0.0.0.0:8080 httpd 30'],
      ['0.0.0.0:8080 httpd 30'],
    ]);
  });

  it('are those that cannot be another listener’s', () => {
    const pair = (httpd: number, slow: number): Listener[] => [
      { owner: 1, drops: httpd, process: 'httpd' },
      { owner: 2, drops: slow, process: 'slow' },
    ];
    // all of 10; then 20 that are of slow or among 90 of httpd; then nothing new of httpd
    assert.deepEqual(scrapesOf([pair(4, 6), pair(94, 26), pair(94, 26), pair(94, 36)], 100, [10, 30, 30, 40]), [
      ['0.0.0.0:8080 slow 6', '0.0.0.0:8080 httpd 4'],
      ['0.0.0.0:8080 slow 6', '0.0.0.0:8080 httpd 4'],
      ['0.0.0.0:8080 slow 6', '0.0.0.0:8080 httpd 4'],
      ['0.0.0.0:8080 slow 16', '0.0.0.0:8080 httpd 4'],
    ]);
  });

  it('of a listener that always drops are told though another one is noisy', () => {
    const pair = (scrape: number): Listener[] => [
      { owner: 1, drops: 1000 * scrape, process: 'full' },
      { owner: 2, drops: 500 * scrape, process: 'noisy' },
    ];
    const scrapes = [1, 2, 3, 4, 5, 6];
    const last = scrapesOf(
      scrapes.map(pair),
      100,
      scrapes.map((scrape) => 1000 * scrape),
    ).at(-1)!;
    assert.equal(last[1], '0.0.0.0:8080 noisy 0');
    assert.match(last[0]!, /full [3-6]\d00$/);
  });

  it('that come while listeners are read are told in the next scrape, each once', () => {
    const pair = (one: number, other: number): Listener[] => [
      { owner: 1, drops: one, process: 'one' },
      { owner: 2, drops: other, process: 'two' },
    ];
    assert.deepEqual(scrapesOf([pair(10, 5), pair(10, 5), pair(10, 5)], 100, [12, 15, 15]), [
      ['0.0.0.0:8080 one 7', '0.0.0.0:8080 two 2'],
      ['0.0.0.0:8080 one 10', '0.0.0.0:8080 two 5'],
      ['0.0.0.0:8080 one 10', '0.0.0.0:8080 two 5'],
    ]);
  });

  it('of the past are nobody’s when the exporter starts, nor those of a scrape in which a listener ended', () => {
    const table = new SocketTable();
    addSocketRows(table, [{ state: 'listen', local: ['0.0.0.0', 8080], owner: 1, process: 'httpd' }]);
    table.listenDrops.push({ row: 0, drops: 700 });
    assert.equal(createListenerDropsTally(table, 9)(table, 900).listenerDrops!.cells[0]!.drops, 0);
    const httpd = (drops: number): Listener => ({ owner: 1, drops, process: 'httpd' });
    const other: Listener = { owner: 2, drops: 0, process: 'other' };
    assert.deepEqual(scrapesOf([[httpd(0), other], [httpd(50)], [httpd(60)]], 100, [0, 50, 60]).at(-1), [
      '0.0.0.0:8080 httpd 10',
    ]);
  });

  it('wait for a scrape in which the host tells how many there were', () => {
    const shop = (drops: number): Listener[] => [{ owner: 1, drops, process: 'shop' }];
    assert.deepEqual(scrapesOf([shop(0), shop(4), shop(9)], 100, [0, undefined, 9]), [
      ['0.0.0.0:8080 shop 0'],
      undefined,
      ['0.0.0.0:8080 shop 9'],
    ]);
  });
});
