import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createCounting } from '../../src/collector/counting.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { ALL_SOCKETS } from '../../src/platform/linux/netlink/dump-request.ts';
import { createSockDiagReader } from '../../src/platform/linux/netlink/sock-diag.ts';
import { createOwnerResolver } from '../../src/platform/linux/owners/owners.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { allocatedBytes, retainedBytes } from './allocation-count.ts';
import { DATAGRAM_MESSAGES } from './synthetic-dump.ts';
import { createSyntheticHost } from './synthetic-host.ts';

const SOCKETS = 200_000;
/** What a scrape allocates whatever it sees (the counts, the names) is told apart by a scrape of fewer sockets. */
const FEWER_SOCKETS = 20_000;
const SCRAPES = 50;
/** Every 20th socket is replaced: 5 %. */
const CHURN_STEP = 20;
const WARM_UP_SCRAPES = 12;
/** The smallest object, or the box of a number, takes 16 bytes. */
const MOST_BYTES_PER_SOCKET = 2;
/** What is looked at again in every scrape, however many sockets there are (see owners.ts). */
const MOST_OTHER_CALLS = 3000;
const MOST_GROWTH = 1_000_000;

const RANGE = { first: 32_768, last: 60_999, excluded: [] };
const RULES: EphemeralRules = {
  ranges: { ipv4: RANGE, ipv6: RANGE },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'loopback', afterMs: 1000 },
  timeWaitMs: 60_000,
};
const NO_LIMIT = { now: () => 0, deadlineMs: 1 };

const folder = mkdtempSync(join(tmpdir(), 'tcpstate-procfs-'));
after(() => rmSync(folder, { recursive: true }));

describe(`a scrape of ${SOCKETS} sockets`, () => {
  const { host, scrape } = createScrapes(SOCKETS);

  it('sees every socket and its process, so that what follows means something', () => {
    const { states, processes, unattributed } = scrape();
    const established = SOCKETS * 0.9;
    assert.equal(states!.ipv4[1], established);
    assert.equal(states!.ipv4[6], SOCKETS - established);
    assert.deepEqual(
      unattributed!.filter(({ state, sockets }) => state === 1 && sockets > 0),
      [],
    );
    const named = processes!.cells.filter(({ state, process }) => state === 1 && process.startsWith('service-'));
    assert.equal(
      named.reduce((sum, { sockets }) => sum + sockets, 0),
      established,
    );
  });

  it('makes no object and no string per socket', () => {
    const fewer = allocatedBytes(createScrapes(FEWER_SOCKETS).scrape);
    const perSocket = (allocatedBytes(scrape) - fewer) / (SOCKETS - FEWER_SOCKETS);
    assert.ok(
      perSocket < MOST_BYTES_PER_SOCKET,
      `${perSocket.toFixed(2)} bytes per socket, ${fewer} for ${FEWER_SOCKETS}`,
    );
  });

  it('makes system calls per datagram and per new socket, not per socket', () => {
    host.forgetCalls();
    scrape();
    const { recv, send, ...others } = { ...host.calls };
    assert.deepEqual([send, recv], [1, Math.ceil(SOCKETS / DATAGRAM_MESSAGES) + 1]);
    assert.ok(sumOf(others) < MOST_OTHER_CALLS, `${JSON.stringify(others)} without a new socket`);

    host.renew(CHURN_STEP);
    host.forgetCalls();
    scrape();
    const { readlinkat } = host.calls;
    const renewed = SOCKETS / CHURN_STEP;
    assert.ok(readlinkat! >= renewed * 0.9, 'new sockets are looked for');
    assert.ok(readlinkat! < renewed + MOST_OTHER_CALLS, `${readlinkat} links read for ${renewed} new sockets`);
  });

  it(`needs no more memory after ${SCRAPES} scrapes with 5 % new sockets each`, () => {
    const before = retainedBytes();
    for (let round = 0; round < SCRAPES; round++) {
      host.renew(CHURN_STEP);
      scrape();
    }
    const growth = retainedBytes() - before;
    assert.ok(growth < MOST_GROWTH, `${growth} bytes more`);
  });
});

function sumOf(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** Scrapes as the collector thread makes them, up to the counts, of a host of its own; compiled and with their memory in place. */
function createScrapes(sockets: number) {
  const procfs = join(folder, String(sockets));
  const host = createSyntheticHost(sockets, procfs);
  const table = new SocketTable();
  const reader = createSockDiagReader(host.libc, ALL_SOCKETS);
  const owners = createOwnerResolver(host.libc, { procfs, budgetMs: 1000, isPrivileged: true });
  const tally = createCounting(table, DEFAULT_LIMITS);
  for (let round = 0; round < WARM_UP_SCRAPES; round++) {
    host.renew(CHURN_STEP);
    scrape();
  }
  scrape(); // without new sockets
  return { host, scrape };

  function scrape() {
    table.turn();
    reader.read(table, NO_LIMIT);
    owners.resolve(table, NO_LIMIT);
    return tally({
      rules: RULES,
      hasOwners: true,
      nameOfGroup: (id) => `unit-${id}.service`,
      closeWait: undefined,
      listenerDrops: undefined,
      processFds: [],
      unsupportedStates: [],
    });
  }
}
