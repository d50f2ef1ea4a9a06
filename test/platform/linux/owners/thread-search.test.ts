import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_A_SOCKET } from '../../../../src/platform/linux/owners/fd-links.ts';
import { NOT_FOUND, PENDING } from '../../../../src/platform/linux/owners/owner-table.ts';
import type { FakeProcess } from './fake-processes.ts';
import { acceptInto, createSearchedHost, FILLERS } from './searched-host.ts';

const MANY = 3000;

describe('descriptors of a thread’s own', () => {
  it('are its process’s, in the scrape that shows them', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server', 101);
    const tid = host.startThread(server);
    tableOf(server, tid).fds.set(1, 201).set(2, 202);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 10, 201: 10, 202: 10 });
    tableOf(server, tid).fds.set(3, 203).delete(1);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 10, 202: 10, 203: 10 });
    host.assertRight();
  });

  it('are read where they were before, before everything else is searched', () => {
    const host = createSearchedHost({ limits: { leastChecks: 0 } });
    host.startFillers();
    const server = host.start(1000, 'server', 101);
    const tid = host.startThread(server);
    tableOf(server, tid).fds.set(1, 201);
    host.scrape();
    tableOf(server, tid).fds.set(2, 202);
    const before = { ...host.counts };
    host.scrape();
    assert.equal(host.ownerPids()[202], 1000);
    assert.ok(host.counts.links - before.links < 10, 'a known table is probed like that of a process');
    assert.equal(host.counts.threads, before.threads);
    tableOf(server, host.startThread(server)).fds.set(2, 203);
    host.scrape();
    assert.equal(host.ownerPids()[203], 1000);
    assert.ok(host.counts.links - before.links < 20, 'another thread of a process that has such threads');
    assert.equal(host.counts.threads, before.threads + 1);
  });

  it('are looked for when a socket is nowhere else, and in a part of all processes in each scrape', () => {
    const host = createSearchedHost({ limits: { leastChecks: 30 } });
    host.startFillers();
    const server = host.start(1000, 'server', 101);
    for (let thread = 0; thread < 50; thread++) host.startThread(server, server);
    for (let scrape = 0; scrape < 10; scrape++) {
      server.fds.set(1 + scrape, 201 + scrape);
      host.scrape();
    }
    assert.deepEqual([host.counts.threads, host.counts.compared], [0, 0]);
    host.orphans.add(66);
    for (let scrape = 0; scrape < 10; scrape++) host.scrape();
    assert.equal(host.ownerOf(66), NOT_FOUND);
    assert.deepEqual([host.counts.threads, host.counts.compared], [1, 50]);
    for (let scrape = 0; scrape < FILLERS / 4; scrape++) host.scrape();
    assert.ok(host.counts.threads > 1 && host.counts.threads < 5, `${host.counts.threads} lists`);
  });

  it('are found of a socket that nobody had when it was given up', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server');
    const tid = host.startThread(server, server);
    host.orphans.add(201);
    host.scrape();
    assert.equal(host.ownerOf(201), NOT_FOUND);
    server.threads.delete(tid);
    tableOf(server, host.startThread(server)).fds.set(0, 201); // it was under way from process to process
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 10 });
  });

  it('are found in steps, none of which gives up what the next one finds', () => {
    const host = createSearchedHost({ limits: { linksAtOnce: 30, linksPerSocket: 60 } });
    host.startFillers();
    const server = host.start(1000, 'server');
    for (let thread = 0; thread < 100; thread++) host.startThread(server, server);
    const tid = host.startThread(server);
    tableOf(server, tid).fds.set(MANY, 201);
    host.orphans.add(66);
    host.scrape();
    assert.equal(host.ownerOf(201), PENDING, 'at once: this test shows nothing');
    for (let scrape = 0; host.ownerOf(201) < 0; scrape++) {
      assert.ok(scrape < 1000, 'not found');
      host.scrape({ pause: 1e6 });
      assert.notEqual(host.ownerOf(201), NOT_FOUND);
    }
    assert.equal(host.ownerPids()[201], 1000);
    for (let scrape = 0; host.ownerOf(66) !== NOT_FOUND; scrape++) {
      assert.ok(scrape < 1000, 'never given up');
      host.scrape({ pause: 1e6 });
    }
  });

  it('are read to the end where there are more than one scrape reads', () => {
    const host = createSearchedHost({ limits: { linksAtOnce: 1000, linksPerSocket: 1000 } });
    const server = host.start(10, 'server');
    const { fds } = tableOf(server, host.startThread(server));
    for (let fd = 0; fd < MANY; fd++) fds.set(fd, NOT_A_SOCKET);
    fds.set(MANY, 201);
    for (let scrape = 0; scrape < 20; scrape++) {
      host.scrape({ pause: 1e6 });
      assert.notEqual(host.ownerOf(201), NOT_FOUND);
    }
    assert.equal(host.ownerPids()[201], 10);
  });

  it('are read once where threads share them', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server');
    const one = host.startThread(server);
    for (let thread = 0; thread < 20; thread++) host.startThread(server, tableOf(server, one));
    tableOf(server, one).fds.set(0, 201);
    host.scrape();
    assert.deepEqual([host.ownerPids(), server.threads.size, threadsKnown(host, server)], [{ 201: 10 }, 21, 1]);
    server.threads.delete(one);
    host.scrape();
    host.scrape();
    assert.deepEqual([host.ownerPids(), threadsKnown(host, server)], [{ 201: 10 }, 1], 'another one has them');
  });

  it('stay the process’s when either the thread or its first thread gives up what both hold', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server', 101, 102);
    host.scrape();
    const tid = host.startThread(server);
    server.fds.delete(0);
    tableOf(server, tid).fds.delete(1);
    for (let scrape = 0; scrape < 2; scrape++) {
      host.scrape();
      assert.deepEqual(host.ownerPids(), { 101: 10, 102: 10 });
    }
    server.fds.set(5, 101);
    server.threads.delete(tid);
    for (let scrape = 0; scrape < 2; scrape++) host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 10, 102: 10 });
  });

  it('are nobody’s any more when the thread has ended, nor another thread’s that has its number', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server');
    const tid = host.startThread(server);
    tableOf(server, tid).fds.set(0, 201);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 10 });
    host.orphans.add(201);
    server.threads.delete(tid);
    host.startThread(server, server, tid);
    host.scrape();
    assert.equal(host.ownerOf(201), NOT_FOUND);
    host.end(server);
    host.scrape();
    assert.ok(host.known.processes.records.every((record) => record === undefined));
  });

  it('may be a ring of io_uring', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server');
    const table = tableOf(server, host.startThread(server));
    acceptInto(table, 201);
    table.fds.set(1, 202);
    for (let scrape = 0; scrape < 3; scrape++) host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 10, 202: 10 });
    host.end(server);
    host.orphans.add(201);
    host.scrape();
    assert.equal(host.ownerOf(201), NOT_FOUND);
  });
});

function tableOf(process: FakeProcess, tid: number) {
  return process.threads.get(tid)!.table;
}

function threadsKnown(host: ReturnType<typeof createSearchedHost>, { pid }: FakeProcess): number {
  return host.known.processes.at(host.known.processes.slotOf(pid)!)!.threads!.size;
}
