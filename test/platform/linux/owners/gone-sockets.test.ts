import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { ENDED, NOT_FOUND, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';
import { lowestFree } from './fake-processes.ts';
import { createSearchedHost, UNIX_SOCKET } from './searched-host.ts';

/** What a scrape costs, in links, that has nothing to look for: a part of what is known is verified. */
const QUIET = 800;
/** Processes that hold very many descriptors, a million on a large host. */
const HOLDERS = 40;
const HELD_EACH = 2500;

type Host = ReturnType<typeof createSearchedHost>;

describe('what has ended since it was dumped', () => {
  for (const [kind, held] of [
    ['files', () => NOT_A_SOCKET],
    ['sockets of other kinds', () => UNIX_SOCKET],
    ['connections', (nth: number) => 100_000 + nth],
  ] as const) {
    it(`is not searched for among ${kind} that others hold`, () => {
      const host = createSearchedHost();
      for (let pid = 100; pid < 100 + HOLDERS; pid++)
        host.start(pid, 'holder', ...numbers(HELD_EACH, (nth) => held(pid * HELD_EACH + nth)));
      host.start(10, 'exporter', 50, 51, 52);
      settle(host);
      for (let round = 0; round < 20; round++) {
        host.orphans.clear();
        host.orphans.add(1000 + round); // one connection that is closed when it is dumped
        host.ended.add(1000 + round);
        const before = workOf(host);
        host.scrape({ pause: 1e7 });
        assert.equal(host.ownerOf(1000 + round), ENDED);
        const { links, lookUps } = workSince(host, before);
        assert.equal(lookUps, 1);
        assert.ok(links < QUIET, `${links} links read for one socket that is gone`);
      }
      host.assertRight();
    });
  }

  it('costs a look-up each where many sockets are replaced while they are counted', () => {
    const host = createSearchedHost();
    const holders = numbers(8, (index) =>
      host.start(100 + index, 'server', ...numbers(5000, (n) => 100_000 * (index + 1) + n)),
    );
    settle(host);
    let next = 1_000_000;
    for (let round = 0; round < 10; round++) {
      const before = workOf(host);
      const replaced: number[] = [];
      const gone: number[] = [];
      for (const process of holders) {
        for (const fd of numbers(100, (nth) => (nth * 49 + round * 7) % 5000)) process.fds.set(fd, ++next);
        replaced.push(...numbers(100, (nth) => next - nth));
      }
      // the dump comes before these are replaced again, the search behind it
      host.afterDump = () => {
        for (const inode of replaced.filter((each) => each % 4 === 0)) {
          const process = holders.find(({ fds }) => [...fds.values()].includes(inode))!;
          const [fd] = [...process.fds].find(([, held]) => held === inode)!;
          process.fds.set(fd, ++next);
          gone.push(inode);
          host.ended.add(inode);
        }
      };
      host.scrape({ pause: 1e7 });
      const { links, lookUps } = workSince(host, before);
      assert.equal(gone.length, 200);
      assert.equal(lookUps, gone.length, `${lookUps} look-ups for ${gone.length} sockets that are gone`);
      assert.ok(links < replaced.length * 1.5 + QUIET, `${links} links read for ${replaced.length} new sockets`);
      for (const inode of gone) assert.equal(host.ownerOf(inode), ENDED);
      for (const inode of replaced) if (!gone.includes(inode)) assert.ok(host.ownerOf(inode) >= 0);
    }
    host.afterDump = undefined;
    host.scrape({ pause: 1e7 });
    host.assertRight();
  });

  it('is searched for as before where nobody can tell, and by its number', () => {
    const host = createSearchedHost({ canLookUp: false, limits: { linksPerSocket: 2000 } });
    for (let pid = 100; pid < 110; pid++) host.start(pid, 'holder', ...numbers(HELD_EACH, () => NOT_A_SOCKET));
    settle(host);
    for (const sought of [1, 3]) {
      for (let nth = 0; nth < sought; nth++) host.orphans.add(sought * 100 + nth);
      host.scrape({ pause: 1e7 });
      const before = workOf(host);
      host.scrape({ pause: 1e7 });
      const { links } = workSince(host, before);
      assert.ok(links > sought * 1000 && links < sought * 2000 + QUIET, `${links} links for ${sought}`);
      for (let more = 0; more < 30; more++) host.scrape({ pause: 1e7 });
      assert.equal(host.ownerOf(sought * 100), NOT_FOUND, 'all are through at last');
    }
  });

  it('may be said of a socket that is still there: it is found in the next scrapes, without asking again', () => {
    const host = createSearchedHost();
    const large = host.start(10, 'large', ...numbers(HELD_EACH, (nth) => 1000 + nth));
    settle(host);
    large.fds.set(5, 77); // where nobody looks: 1005 is known to be there
    host.orphans.add(1005);
    host.ended.add(77);
    host.scrape({ pause: 1e7 });
    assert.equal(host.ownerOf(77), ENDED);
    host.scrape({ pause: 1e7 });
    assert.equal(host.known.processes.at(host.ownerOf(77))?.pid, 10);
    assert.equal(host.lookedUp.filter((inode) => inode === 77).length, 1);
  });

  it('is looked up within what a search costs, and not when time is over', () => {
    const host = createSearchedHost();
    for (let pid = 100; pid < 110; pid++) host.start(pid, 'holder', ...numbers(HELD_EACH, () => NOT_A_SOCKET));
    settle(host);
    for (let inode = 1; inode <= 20_000; inode++) host.orphans.add(1_000_000 + inode);
    host.scrape({ mostLinks: -1 });
    assert.equal(host.lookedUp.length, 0);
    host.scrape({ pause: 1e7 });
    assert.equal(host.lookedUp.length, (10 * HELD_EACH) / 2);
    assert.equal(host.ownerOf(1_000_001), NOT_FOUND, 'the search has an answer for all');
  });

  it('is told apart from what its owner handed on: that is searched for, the other waits for the next dump', () => {
    const host = createSearchedHost();
    const giver = host.start(10, 'giver', ...numbers(HELD_EACH, (nth) => 1000 + nth));
    const taker = host.start(11, 'taker', ...numbers(HELD_EACH, (nth) => 10_000 + nth));
    settle(host);
    host.afterDump = () => {
      giver.fds.delete(5);
      giver.fds.delete(6);
      taker.fds.set(lowestFree(taker) + 10, 1006); // higher than a probe of free descriptors goes
    };
    const before = workOf(host);
    host.scrape({ pause: 1e7 });
    host.afterDump = undefined;
    assert.deepEqual([host.ownerOf(1005), workSince(host, before).lookUps], [PENDING, 2]);
    assert.equal(host.known.processes.at(host.ownerOf(1006))?.pid, 11);
    assert.ok(workSince(host, before).links < QUIET);
    host.scrape({ pause: 1e7 });
    host.assertRight();
  });
});

/** All are searched, and looked at twice: what is no connection of the dump is settled then. */
function settle(host: Host): void {
  host.scrape();
  host.orphans.add(1); // makes it look everywhere
  for (let scrape = 0; scrape < 40; scrape++) host.scrape({ pause: 1e7 });
  host.orphans.delete(1);
  host.scrape({ pause: 1e7 });
  host.lookedUp.length = 0;
}

function workOf({ counts, lookedUp }: Host) {
  return { links: counts.links, lookUps: lookedUp.length };
}

function workSince(host: Host, before: ReturnType<typeof workOf>) {
  const now = workOf(host);
  return { links: now.links - before.links, lookUps: now.lookUps - before.lookUps };
}

function numbers<Value>(count: number, entryOf: (nth: number) => Value): Value[] {
  return Array.from({ length: count }, (_, nth) => entryOf(nth));
}
