import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { surviveFailedAccepts } from '../../../src/http/connection/failed-accepts.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';

it('outlives accepts that fail, says so once, and once when they work again', async (t) => {
  const log = createLogRecorder();
  const server = createServer();
  surviveFailedAccepts(server, log);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  for (let round = 0; round < 2; round++) {
    for (let time = 0; time < 3; time++) server.emit('error', new Error('accept EMFILE'));
    for (let time = 0; time < 3; time++) server.emit('connection', {});
  }
  assert.deepEqual(
    log.records.map(({ level, message }) => [level, message]),
    [
      ['error', 'new connections cannot be accepted'],
      ['info', 'new connections are accepted again'],
      ['error', 'new connections cannot be accepted'],
      ['info', 'new connections are accepted again'],
    ],
  );
});

it('leaves the errors of listen() to others', () => {
  const server = createServer();
  surviveFailedAccepts(server, createLogRecorder());
  assert.throws(() => server.emit('error', new Error('listen EADDRINUSE')), /EADDRINUSE/);
});
