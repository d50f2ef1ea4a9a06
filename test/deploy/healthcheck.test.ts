import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../support/http/certificates.ts';
import { REPOSITORY } from './tools.ts';

const SCRIPT = fileURLToPath(new URL('deploy/container/healthcheck.mjs', REPOSITORY));

describe('the health check of the image', () => {
  for (const [status, code] of [
    [200, 0],
    [401, 0],
    [503, 1],
  ] as const) {
    it(`takes ${status} for ${code === 0 ? 'life' : 'illness'}`, async (t) => {
      const port = await serve(t, answering(status));
      const { code: ended, said } = await check(`127.0.0.1:${port}`);
      assert.equal(ended, code);
      assert.equal(said, code === 0 ? '' : `http://127.0.0.1:${port}/-/healthy: ${status}\n`);
    });
  }

  it('asks on loopback where the exporter listens on every address, and at the first of several', async (t) => {
    const port = await serve(t, answering(200));
    for (const address of [`:${port}`, `127.0.0.1:${port}, 127.0.0.1:1`]) assert.equal((await check(address)).code, 0);
  });

  it('knows TLS, whoever has signed the certificate', async (t) => {
    const identity = createAuthority('nobody knows it').signServer();
    const port = await listen(t, createTlsServer(identity, answering(200)));
    assert.equal((await check('', [`https://127.0.0.1:${port}/-/healthy`])).code, 0);
  });

  it('gives up a server that does not answer before the runtime gives up the check', async (t) => {
    const port = await serve(t, () => {});
    const startMs = performance.now();
    const { code, said } = await check(`127.0.0.1:${port}`);
    assert.deepEqual([code, said], [1, `http://127.0.0.1:${port}/-/healthy: no answer within 3 s\n`]);
    assert.ok(performance.now() - startMs < 5000);
  });
});

function answering(status: number): RequestListener {
  return ({ url }, response) => {
    response.statusCode = url === '/-/healthy' ? status : 404;
    response.end();
  };
}

function serve(t: TestContext, listener: RequestListener): Promise<number> {
  return listen(t, createServer(listener));
}

async function listen(t: TestContext, server: Server & { closeAllConnections(): void }): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function check(address: string, args: readonly string[] = []) {
  const env = { ...process.env, TCPSTATE_WEB_LISTEN_ADDRESS: address };
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: code as number, said };
}
