import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_A_SOCKET, RING } from '../../../../src/platform/linux/owners/fd-links.ts';
import { NOT_FOUND } from '../../../../src/platform/linux/owners/owner-table.ts';
import { acceptInto, createSearchedHost } from './searched-host.ts';

describe('direct descriptors of io_uring', () => {
  it('are their process’s, in the scrape that shows them', () => {
    const host = createSearchedHost();
    host.startFillers();
    const server = host.start(1000, 'server', 101, NOT_A_SOCKET);
    acceptInto(server, 201).set(5, 202).set(7, NOT_A_SOCKET).set(9, 203);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 1000, 201: 1000, 202: 1000, 203: 1000 });
    acceptInto(server, 204).delete(5);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 101: 1000, 201: 1000, 203: 1000, 204: 1000 });
    host.assertRight();
  });

  it('are not read of a process without a ring, nor while nothing is sought but to verify', () => {
    const host = createSearchedHost();
    for (let pid = 10; pid < 60; pid++)
      host.start(pid, 'plain', ...Array.from({ length: 400 }, (_, nth) => pid * 1000 + nth));
    host.scrape();
    host.orphans.add(66);
    host.scrape();
    assert.equal(host.counts.infos, 0);
    const server = host.start(1000, 'server');
    acceptInto(server, 201);
    host.scrape();
    assert.equal(host.counts.infos, 1);
    for (let scrape = 0; scrape < 40; scrape++) host.scrape();
    assert.ok(host.counts.infos < 5, `${host.counts.infos} read`);
  });

  it('are another’s when the process ends that had the ring too', () => {
    const host = createSearchedHost();
    const master = host.start(10, 'master');
    const ring = acceptInto(master, 201);
    const worker = host.start(11, 'worker');
    worker.fds.set(4, RING);
    worker.rings.set(4, ring);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 10 });
    host.end(master);
    host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 11 });
    worker.fds.delete(4);
    worker.rings.delete(4);
    const heir = host.start(12, 'heir');
    heir.fds.set(0, 201);
    for (let scrape = 0; scrape < 3; scrape++) host.scrape({ pause: 1e6 });
    assert.deepEqual(host.ownerPids(), { 201: 12 });
  });

  it('are another’s that is seen with the ring when the process is closed to us', () => {
    const host = createSearchedHost();
    const giver = host.start(10, 'giver');
    const ring = acceptInto(giver, 201);
    const taker = host.start(11, 'taker');
    host.scrape();
    giver.isDenied = true;
    taker.fds.set(0, RING);
    taker.rings.set(0, ring);
    for (let scrape = 0; scrape < 3; scrape++) host.scrape();
    assert.deepEqual(host.ownerPids(), { 201: 11 });
  });

  it('are verified, too, of a process whose descriptors use up what a scrape may verify', () => {
    for (const descriptors of [10, 85, 100, 127, 300]) {
      const host = createSearchedHost();
      const server = host.start(1000, 'server', ...Array.from({ length: descriptors }, () => NOT_A_SOCKET));
      const ring = acceptInto(server, 201);
      host.scrape();
      assert.deepEqual(host.ownerPids(), { 201: 1000 });
      ring.clear(); // passed on, while nothing is sought
      host.start(2000, 'heir').fds.set(0, 201);
      for (let scrape = 0; scrape < 10; scrape++) host.scrape();
      assert.deepEqual(host.ownerPids(), { 201: 2000 }, `${descriptors} descriptors`);
    }
  });

  it('have the name that exec() or prctl() gives to the process', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'before');
    acceptInto(server, 201);
    host.scrape();
    server.name = 'after';
    host.scrape();
    assert.equal(host.known.processes.at(host.ownerOf(201))!.name, 'after');
    assert.equal(host.known.processes.takeRenamed(), true);
  });

  it('are not taken for the kernel’s where it does not tell them', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server');
    acceptInto(server, 201);
    host.isRingBusy = true;
    host.scrape();
    host.scrape();
    assert.deepEqual([host.ownerOf(201), host.known.processes.hasUnlistedSockets()], [NOT_FOUND, true]);
    host.isRingBusy = false;
    acceptInto(server, 202);
    host.scrape();
    assert.deepEqual([host.ownerPids(), host.known.processes.hasUnlistedSockets()], [{ 201: 10, 202: 10 }, false]);
  });

  it('are not given to a process that took the pid while its predecessor’s were read', () => {
    const host = createSearchedHost();
    const server = host.start(10, 'server', 101);
    acceptInto(server, 201);
    const { readInfo } = host.links;
    host.links.readInfo = (folder, fd) => {
      const text = readInfo(folder, fd);
      host.end(server);
      host.start(10, 'next');
      return text;
    };
    host.scrape();
    host.links.readInfo = readInfo;
    host.assertNamesHolders();
    host.orphans.add(101).add(201);
    host.scrape();
    assert.deepEqual(host.ownerPids(), {});
  });
});
