import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollection } from '../../src/collector/collect.ts';
import type { CollectedPart, CollectRequest } from '../../src/collector/protocol.ts';
import { parseConfigFile } from '../../src/config/file/config-file.ts';
import type { ConfigInUse } from '../../src/model/file-config.ts';
import { parseAddress } from '../../src/model/ip-address.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { fakePlatform, fakeReader } from '../support/fakes/fake-platform.ts';

const PEER = { state: 'established', local: ['10.0.0.1', 80], remote: ['10.0.0.2', 40_000] } as const;

describe('the configuration of a collection', () => {
  it('names peers, and stays in use until a request brings another', () => {
    const run = createCollection(fakePlatform({ sockets: fakeReader([PEER]) }), DEFAULT_LIMITS, () => 0);
    const collect = (given: Pick<CollectRequest, 'config'> = {}) => {
      const parts: CollectedPart[] = [];
      run({ collectors: ['sockets'], deadlineMs: 1000, ...given }, (part) => parts.push(part));
      const { sockets, facts } = parts.find((part) => part.sockets)!;
      return { name: sockets!.connections!.cells[0]!.remoteName, config: facts?.config };
    };
    const first = configOf('destinations: {10.0.0.2: one}\nthresholds: {TcpSynSentPiling: 7}\n');
    assert.deepEqual(collect(), { name: undefined, config: undefined });
    const named = { name: 'one', config: { isCurrent: true, thresholds: { TcpSynSentPiling: 7 } } };
    assert.deepEqual(collect({ config: first }), named);
    assert.deepEqual(collect(), named);
    assert.equal(collect({ config: configOf('destinations: {10.0.0.3: two}\n') }).name, '');
    assert.equal(collect({ config: configOf('thresholds: {TcpSynSentPiling: 8}\n') }).name, undefined);
  });

  it('filters sockets from the scrape on that brings it, by the counts of before as long as the filters are the same', () => {
    const rows = [PEER, { ...PEER, remote: ['127.0.0.1', 40_001] } as const];
    const run = createCollection(fakePlatform({ sockets: fakeReader(rows) }), DEFAULT_LIMITS, () => 0);
    const collect = (text?: string) => {
      const parts: CollectedPart[] = [];
      const config = text === undefined ? {} : { config: configOf(text) };
      run({ collectors: ['sockets'], deadlineMs: 1000, ...config }, (part) => parts.push(part));
      const { remoteIps, connections, states } = parts.find((part) => part.sockets)!.sockets!;
      assert.equal(states!.ipv4[1], 2);
      assert.equal(connections!.cells.length, remoteIps!.cells.length);
      return { cells: remoteIps!.cells.map(({ remoteIp }) => remoteIp).sort(), dropped: remoteIps!.dropped };
    };
    const filters = 'filters: {remote_ip: {exclude: [loopback]}}\n';
    assert.deepEqual(collect(), { cells: ['10.0.0.2', '127.0.0.1'], dropped: undefined });
    for (const text of [filters, undefined, `${filters}thresholds: {TcpSynSentPiling: 7}\n`])
      assert.deepEqual(collect(text), { cells: ['10.0.0.2', 'filtered'], dropped: undefined });
    const dropping = 'filters: {remote_ip: {exclude: [loopback]}, drop: true}\n';
    assert.deepEqual(collect(dropping), { cells: ['10.0.0.2'], dropped: [{ state: 1, sockets: 1 }] });
    assert.deepEqual(collect('destinations: {127.0.0.1: here}\n').cells, ['10.0.0.2', '127.0.0.1']);
  });

  it('adds filters to those of the flags, which stay', () => {
    const rows = [PEER, { ...PEER, remote: ['127.0.0.1', 40_001] } as const];
    const loopback = { exclude: [{ network: parseAddress('127.0.0.0')!, prefix: 8 }] };
    const limits = { ...DEFAULT_LIMITS, filters: { remoteIp: loopback, isDropped: false } };
    const run = createCollection(fakePlatform({ sockets: fakeReader(rows) }), limits, () => 0);
    const collect = (text?: string) => {
      const parts: CollectedPart[] = [];
      const config = text === undefined ? {} : { config: configOf(text) };
      run({ collectors: ['sockets'], deadlineMs: 1000, ...config }, (part) => parts.push(part));
      const { remoteIps, localPorts } = parts.find((part) => part.sockets)!.sockets!;
      return [remoteIps!.cells.map(({ remoteIp }) => remoteIp), localPorts!.cells.map(({ localPort }) => localPort)];
    };
    const byFlags = [['10.0.0.2', 'filtered'], ['80']];
    assert.deepEqual(collect(), byFlags);
    assert.deepEqual(collect('filters: {local_port: {exclude: [80]}}\n'), [['10.0.0.2', 'filtered'], ['filtered']]);
    assert.deepEqual(collect('filters: {remote_ip: {exclude: [10.0.0.2]}}\n'), [['filtered'], ['80']]);
    assert.deepEqual(collect('thresholds: {TcpSynSentPiling: 7}\n'), byFlags);
  });

  it('has processes named again by other rules, and all sockets read as if for the first time, and only then', () => {
    const told: string[] = [];
    let comparable: boolean[] = [];
    const reader = fakeReader([PEER]);
    const platform = fakePlatform({
      sockets: {
        ...reader,
        comparesRows: true,
        read(table, budget) {
          comparable.push(!table.changes.isFullRecount);
          if (table.end > table.next) table.keep(table.next);
          else reader.read(table, budget);
          table.finish();
        },
      },
      nameProcesses: (rules) => told.push(rules.map(({ name }) => name).join()),
    });
    const run = createCollection(platform, DEFAULT_LIMITS, () => 0);
    const collect = (text: string) =>
      run({ collectors: ['sockets'], deadlineMs: 1000, config: configOf(text) }, () => {});
    collect('thresholds: {TcpSynSentPiling: 7}\n');
    collect('destinations: {10.0.0.2: one}\n');
    assert.deepEqual([told, comparable], [[], [false, true]]);
    comparable = [];
    for (const text of ['processes: [{unit: a, name: b}]\n', 'processes: [{unit: a, name: b}]\nthresholds: {}\n', ''])
      collect(text);
    assert.deepEqual(
      [told, comparable],
      [
        ['b', ''],
        [false, true, false],
      ],
    );
  });
});

function configOf(text: string): ConfigInUse {
  return { ...parseConfigFile(text, 'names.yml'), isCurrent: true };
}
