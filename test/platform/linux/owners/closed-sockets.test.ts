import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createClosedSocketCounter } from '../../../../src/platform/linux/owners/closed-sockets.ts';
import { NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { type ProcessRecord, ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { createFakeProcesses, type FakeProcess } from './fake-processes.ts';
import { identityOf } from './identity-of.ts';

describe('descriptors of closed sockets', () => {
  let host: ReturnType<typeof createFakeProcesses>;
  let table: ProcessTable;
  let elsewhere: Set<string>;
  /** Inodes of the last dump, and protocols of those that are no TCP sockets of IPv4. */
  let listed: Set<number>;
  let protocols: Map<number, string | undefined>;
  let count: ReturnType<typeof createClosedSocketCounter>;

  beforeEach(() => {
    host = createFakeProcesses();
    table = new ProcessTable();
    elsewhere = new Set();
    listed = new Set();
    protocols = new Map();
    count = createClosedSocketCounter({
      links: host.links,
      isListed: (inode) => listed.has(inode),
      isInDumpedNetwork: (folder) => !elsewhere.has(folder),
      protocolOf(folder, fd) {
        const inode = host.processes.get(Number(folder))!.fds.get(fd)!;
        return protocols.has(inode) ? protocols.get(inode) : 'TCP';
      },
    });
  });

  it('are those that no dump lists, of both families, when they are met the second time', () => {
    const process = host.start(10, 'leaky', 101, 102, 103, 104, 105, 106, NOT_A_SOCKET);
    listed.add(101);
    protocols.set(103, 'TCPv6').set(104, 'UDP').set(105, 'UNIX-STREAM').set(106, undefined);
    assert.equal(scrape(process), undefined);
    assert.equal(scrape(process), 2);
    process.fds.delete(1); // 102 is closed by its program
    assert.equal(scrape(process), 1);
  });

  it('are not those that were opened after the dump', () => {
    const process = host.start(10, 'busy', 101, 102);
    listed.add(101).add(102);
    scrape(process);
    process.fds.set(5, 201);
    assert.equal(scrape(process), 0);
    listed.add(201); // it is in the next dump
    process.fds.set(6, 202);
    assert.equal(scrape(process), 0);
    process.fds.set(6, 203); // another one under the same descriptor
    assert.equal(scrape(process), 0);
    assert.equal(scrape(process), 1);
  });

  it('are not known of a process of another network namespace, nor of one that is closed to us, has ended or has very many', () => {
    const [other, closed, ended, huge] = [11, 12, 13, 14].map((pid) => host.start(pid, 'p', 1000 + pid)) as [
      FakeProcess,
      FakeProcess,
      FakeProcess,
      FakeProcess,
    ];
    elsewhere.add('11');
    closed.isDenied = true;
    for (const process of [other, closed])
      for (let turn = 0; turn < 3; turn++) assert.equal(scrape(process), undefined);
    scrape(ended);
    assert.equal(scrape(ended), 1);
    host.end(ended);
    assert.equal(scrape(ended), undefined);
    for (let turn = 0; turn < 3; turn++) assert.equal(scrape(huge, 70_001), undefined);
    assert.equal(host.openFolders(), 0);
  });

  it('of many descriptors are counted over several scrapes, while small processes get their turn in each', () => {
    const inodes = Array.from({ length: 20_000 }, (_, index) => 10_000 + index);
    const [large, small] = [host.start(10, 'large', ...inodes), host.start(11, 'small', 5, 6)];
    const results: [unknown, unknown][] = [];
    for (let turn = 0; turn < 20; turn++) {
      const before = host.counts.links;
      const closedIn = count([large, small].map((process) => ({ record: recordOf(process), open: process.fds.size })));
      results.push([closedIn(recordOf(large)), closedIn(recordOf(small))]);
      assert.ok(host.counts.links - before <= 4000, `${host.counts.links - before} links`);
    }
    assert.deepEqual(results[2], [undefined, 2]);
    assert.deepEqual(results.at(-1), [20_000, 2]);
    assert.ok(results.slice(2).every(([, ofSmall]) => ofSmall === 2));
  });

  it('are no links to be read where a listed socket is known to be', () => {
    const process = host.start(10, 'server', 101, 102);
    listed.add(101).add(102);
    recordOf(process).held.set(0, 101);
    scrape(process);
    assert.equal(host.counts.links, 1);
  });

  it('do not take long to be missed among very many that hold listed sockets', () => {
    const process = host.start(10, 'server', ...Array.from({ length: 60_000 }, (_, index) => 10_000 + index));
    const { held } = recordOf(process);
    for (const [fd, inode] of process.fds) held.set(fd, inode);
    for (let turn = 0; turn < 4; turn++) {
      const before = host.counts.listed;
      scrape(process);
      assert.ok(host.counts.listed - before < 41_000, `${host.counts.listed - before} listed`);
    }
    assert.equal(host.counts.links, 0);
  });

  function scrape(process: FakeProcess, open = process.fds.size): number | undefined {
    const record = recordOf(process);
    return count([{ record, open }])(record);
  }

  function recordOf({ pid, startTime, name }: FakeProcess): ProcessRecord {
    return table.at(table.enter(pid, identityOf({ startTime, name, folder: String(pid) })))!;
  }
});
