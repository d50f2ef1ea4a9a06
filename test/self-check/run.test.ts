import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { Reference } from '../../src/platform/reference.ts';
import { runSelfCheck, type SelfCheckOptions } from '../../src/self-check/run.ts';
import { fakePlatform, fakeReader } from '../support/fakes/fake-platform.ts';
import type { SocketRow } from '../support/tables/socket-rows.ts';
import { fakeReference } from './fake-reference.ts';

const ROWS: readonly SocketRow[] = [{ state: 'listen', local: ['0.0.0.0', 80], owner: 4 }];

describe('runSelfCheck', () => {
  it('reports collectors and comparison, and gives the handles back', async () => {
    let closed = 0;
    const platform = fakePlatform({ sockets: fakeReader(ROWS), close: () => closed++ });
    const { text, isGood } = await check(platform, [fakeReference([{ rows: ROWS }])]);
    assert.equal(isGood, true, text);
    assert.match(text, /\n {2}ok {8}sockets \(fake\): 1 sockets/);
    assert.match(text, /\n {2}ok {8}1 sockets agree in state, both ends and pid\n/);
    assert.equal(closed, 1);
  });

  it('is bad when a planted socket is found by the other reader alone', async () => {
    const planted: SocketRow = { state: 'listen', local: ['0.0.0.0', 81], owner: 666 };
    const platform = fakePlatform({ sockets: fakeReader(ROWS) });
    const { text, isGood } = await check(platform, [fakeReference([{ rows: [...ROWS, planted] }])]);
    assert.equal(isGood, false);
    assert.match(text, /\n {12}listen 0\.0\.0\.0:81 0\.0\.0\.0:0 pid 666: exporter 0, other reader 1\n/);
  });

  it('tells that the sockets cannot be read once, as the failure of their collector', async () => {
    const platform = fakePlatform({ sockets: fakeReader(new Error('no netlink')) });
    const { text, isGood } = await check(platform, [fakeReference([{ rows: ROWS }])]);
    assert.equal(isGood, false);
    assert.match(text, /\n {2}FAILED {4}sockets \(fake\): no netlink\n {12}hint: check that the seccomp profile /);
    assert.match(text, /\n {2}not done {2}the exporter has read no sockets\n\nResult: 1 of 1 collectors failed\n$/);
  });

  it('tells why the platform cannot be opened at all', async () => {
    const { text, isGood } = await check(new Error('no libc', { cause: new Error('dlopen') }), []);
    assert.equal(isGood, false);
    assert.match(text, /\n {2}FAILED {4}sockets: no libc: dlopen\n/);
  });
});

function check(platform: Platform | Error, references: readonly Reference[]) {
  const options: SelfCheckOptions = {
    platform: 'linux',
    collectors: new Set(['sockets']),
    knownCollectors: ['sockets'],
    limits: DEFAULT_LIMITS,
    procfs: '/proc',
    sysfs: '/sys',
    kubeletLogs: '/var/log',
    ownersBudgetMs: 500,
    scrapeTimeoutMs: 1000,
  };
  return runSelfCheck(options, {
    openPlatform: async () => {
      if (platform instanceof Error) throw platform;
      return platform;
    },
    openReferences: async () => references,
  });
}
