import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processFamilies } from '../../src/metrics/processes.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

test('shows the open files of a process without a limit, and no limit for it', () => {
  const cells = [
    { process: 'api', open: 12, limit: 1024 },
    { process: 'db', open: 80, limit: undefined },
  ];
  const families = processFamilies({ ...LINUX_SNAPSHOT.sockets!, processFds: { cells, folded: 0 } });
  const samplesOf = (wanted: string) => families.find(({ name }) => name === wanted)?.samples;
  assert.deepEqual(samplesOf('tcpstate_process_open_fds'), [
    { labels: ['api'], value: 12 },
    { labels: ['db'], value: 80 },
  ]);
  assert.deepEqual(samplesOf('tcpstate_process_max_fds'), [{ labels: ['api'], value: 1024 }]);
});
