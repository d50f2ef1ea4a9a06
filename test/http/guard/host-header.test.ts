import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { OPEN_TO_ALL } from '../../../src/http/web-config/web-settings-type.ts';
import { startGuardedServer } from '../../support/http/guarded-server.ts';

describe('the Host of a request', () => {
  for (const [headers, status] of [
    ['Host: a\r\n', 200],
    ['Host:\r\n', 200],
    ['Host: db-1.example:10048\r\n', 200],
    ['Host: [fe80::1%25eth0]:10048\r\n', 200],
    ['Host: a\r\nHost: b\r\n', 400],
    ['Host: a\r\nhost: a\r\n', 400],
    ['Host: a b\r\n', 400],
    ['Host: a/b\r\n', 400],
    ['Host: <script>\r\n', 400],
    ['Host: a"\r\n', 400],
    ['Host: b\xfccher\r\n', 400],
    ['Host: a\tb\r\n', 400],
    ['', 400],
  ] as const) {
    it(`${JSON.stringify(headers)}: ${status}`, async (t) => {
      const { port, scraper } = await startGuardedServer(t, () => OPEN_TO_ALL);
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET /metrics HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`, 'latin1');
      assert.match(await text(socket), new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.equal(scraper.requests.length, status === 200 ? 1 : 0);
    });
  }

  it('may be missing in HTTP 1.0', async (t) => {
    const { port } = await startGuardedServer(t, () => OPEN_TO_ALL);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /metrics HTTP/1.0\r\n\r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 200 /);
  });
});
