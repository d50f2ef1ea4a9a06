import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHandshakeLog, explainHandshake } from '../../../src/http/connection/handshake-log.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';

describe('createHandshakeLog', () => {
  it('warns of the first, then once a minute of how many there were in between', () => {
    const log = createLogRecorder();
    let ms = 0;
    const tell = createHandshakeLog(log, () => ms);
    for (ms = 0; ms < 150_000; ms += 1000) tell('10.0.0.1', 'no shared cipher');
    const warned = log.records.filter(({ level }) => level === 'warn').map(({ details }) => details);
    assert.deepEqual(warned, [
      { client: '10.0.0.1', reason: 'no shared cipher' },
      { client: '10.0.0.1', reason: 'no shared cipher', before: 59 },
      { client: '10.0.0.1', reason: 'no shared cipher', before: 59 },
    ]);
  });
});

describe('explainHandshake', () => {
  for (const [error, reason] of [
    [{ code: 'ERR_SSL_HTTP_REQUEST', reason: 'http request' }, 'it speaks HTTP without TLS'],
    [{ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }, 'the handshake took too long (--web.request-timeout)'],
    [{ code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', reason: 'tlsv1 alert unknown ca' }, 'tlsv1 alert unknown ca'],
    [{}, 'words of Node'],
  ] as const) {
    it(`says "${reason}"`, () => {
      assert.equal(explainHandshake(Object.assign(new Error('words of Node'), error)), reason);
    });
  }
});
