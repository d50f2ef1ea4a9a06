import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerFamilies } from '../../src/metrics/listeners.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

test('shows the length of an accept queue whose limit the source does not tell, without a limit', () => {
  const cell = { localIp: '::', localPort: 80, process: 'nginx', queueLength: 4 };
  const cells = [
    { ...cell, queueLimit: undefined },
    { ...cell, localPort: 81, queueLimit: 0 },
  ];
  const [length, limit] = listenerFamilies({ ...LINUX_SNAPSHOT.sockets!, listeners: { cells, folded: 0 } });
  assert.deepEqual(length?.samples, [
    { labels: ['::', '80', 'nginx'], value: 4 },
    { labels: ['::', '81', 'nginx'], value: 4 },
  ]);
  assert.deepEqual(limit?.samples, [{ labels: ['::', '81', 'nginx'], value: 0 }]);
});
