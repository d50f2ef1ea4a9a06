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

/** ListenDrops of a host before and after the listeners of a scrape are read; undefined = it cannot be read then. */
type Host = readonly [before: number, now: number | undefined];

/** A host that dropped as many as its listeners say. */
const MANY: Host = [0, Number.POSITIVE_INFINITY];

/** The cells of scrape after scrape, as `ip:port process drops`; undefined where nothing is said. */
function scrapesOf(
  scrapes: readonly (readonly Listener[])[],
  limit = 100,
  hosts: readonly (Host | undefined)[] = scrapes.map(() => MANY),
): (string[] | undefined)[] {
  const table = new SocketTable();
  const read = new SocketTable();
  const countDrops = createListenerDropsTally(table, limit);
  return scrapes.map((listeners, scrape) => {
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
    const [before, now] = hosts[scrape] ?? [];
    const host = before === undefined ? undefined : { before, now: () => now };
    return countDrops(read, host).listenerDrops?.cells.map(textOf);
  });
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
    assert.deepEqual(scrapesOf([[first], [second]]).at(-1), ['0.0.0.0:8080 shop 107']);
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
    assert.deepEqual(
      scrapesOf([busy(500), busy(900), busy(950)], 100, [
        [0, 0],
        [0, 30],
        [30, 30],
      ]),
      [['0.0.0.0:8080 httpd 0'], ['0.0.0.0:8080 httpd 30'], ['0.0.0.0:8080 httpd 30']],
    );
  });

  it('are those that cannot be another listener’s', () => {
    const pair = (httpd: number, slow: number): Listener[] => [
      { owner: 1, drops: httpd, process: 'httpd' },
      { owner: 2, drops: slow, process: 'slow' },
    ];
    const hosts: Host[] = [
      [10, 10],
      [22, 22],
      [37, 37],
    ];
    // all; then 12 that may be either one's; then 15, of which one grew by 8 and the other by 10
    assert.deepEqual(scrapesOf([pair(4, 6), pair(94, 26), pair(102, 36)], 100, hosts), [
      ['0.0.0.0:8080 slow 6', '0.0.0.0:8080 httpd 4'],
      ['0.0.0.0:8080 slow 6', '0.0.0.0:8080 httpd 4'],
      ['0.0.0.0:8080 slow 13', '0.0.0.0:8080 httpd 9'],
    ]);
  });

  it('wait for a scrape in which the host tells how many there were', () => {
    const shop = (drops: number): Listener[] => [{ owner: 1, drops, process: 'shop' }];
    const hosts = [[0, 0], [0, undefined], undefined, [9, 9]] as const;
    assert.deepEqual(scrapesOf([shop(0), shop(4), shop(7), shop(9)], 100, hosts), [
      ['0.0.0.0:8080 shop 0'],
      ['0.0.0.0:8080 shop 0'],
      undefined,
      ['0.0.0.0:8080 shop 9'],
    ]);
  });

  it('that come while listeners are read count once', () => {
    const shop = (drops: number): Listener[] => [{ owner: 1, drops, process: 'shop' }];
    const hosts: Host[] = [
      [0, 3],
      [3, 8],
    ];
    assert.deepEqual(scrapesOf([shop(2), shop(7)], 100, hosts), [['0.0.0.0:8080 shop 2'], ['0.0.0.0:8080 shop 7']]);
  });
});
