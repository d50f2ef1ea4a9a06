import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollection } from '../../src/collector/collect.ts';
import type { CollectedPart, CollectRequest } from '../../src/collector/protocol.ts';
import { parseConfigFile } from '../../src/config/file/config-file.ts';
import type { ConfigInUse } from '../../src/model/file-config.ts';
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
});

function configOf(text: string): ConfigInUse {
  return { ...parseConfigFile(text, 'names.yml'), isCurrent: true };
}
