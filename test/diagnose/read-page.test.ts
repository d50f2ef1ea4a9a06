import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type PageOptions, readPage } from '../../src/diagnose/page/read-page.ts';
import { createAuthority } from '../support/http/certificates.ts';

const PLAIN: PageOptions = {
  caFile: undefined,
  insecure: false,
  user: undefined,
  passwordFile: undefined,
  timeoutMs: 2000,
};

/** Greets who has the password. */
const answer: RequestListener = (request, response) => {
  const isKnown = request.headers.authorization === `Basic ${Buffer.from('me:se:cret').toString('base64')}`;
  response.writeHead(isKnown ? 200 : 401).end(isKnown ? 'tcpstate_x 1\n' : 'no');
};

describe('a page', () => {
  it('is read with a user and a password from a file', async (t) => {
    const folder = makeFolder(t);
    const url = await serve(t, createServer(answer), 'http');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'se:cret\n');
    assert.equal(await readPage(url, { ...PLAIN, user: 'me', passwordFile }), 'tcpstate_x 1\n');
    await assert.rejects(readPage(url, PLAIN), causedBy(/wants a password/));
    await assert.rejects(
      readPage(url, { ...PLAIN, user: 'you', passwordFile }),
      causedBy(/user or the password is wrong/),
    );
    await assert.rejects(
      readPage(url, { ...PLAIN, user: 'me', passwordFile: '/nowhere/password' }),
      causedBy(/--password-file=\/nowhere\/password cannot be read \(ENOENT\)$/),
    );
  });

  it('is read over TLS from who has a certificate of a known authority, or from anybody where that is wanted', async (t) => {
    const authority = createAuthority('page authority');
    const caFile = join(makeFolder(t), 'ca.pem');
    writeFileSync(caFile, authority.ca);
    const url = await serve(
      t,
      createTlsServer(authority.signServer(), (_, response) => response.end('tcpstate_x 1\n')),
      'https',
    );
    await assert.rejects(
      readPage(url, PLAIN),
      causedBy(/certificate.*: give .* by --ca-file, or take any by --insecure$/),
    );
    await assert.rejects(
      readPage(url, { ...PLAIN, caFile: '/nowhere/ca.pem' }),
      causedBy(/--ca-file=\/nowhere\/ca\.pem cannot be read \(ENOENT\)$/),
    );
    assert.equal(await readPage(url, { ...PLAIN, caFile }), 'tcpstate_x 1\n');
    assert.equal(await readPage(url, { ...PLAIN, insecure: true }), 'tcpstate_x 1\n');
  });

  it('that does not come is told in words', async (t) => {
    const silent = await serve(
      t,
      createServer(() => {}),
      'http',
    );
    await assert.rejects(readPage(silent, { ...PLAIN, timeoutMs: 200 }), causedBy(/no whole answer within 0\.2 s/));
    const other = await serve(
      t,
      createServer((_, response) => response.writeHead(404).end()),
      'http',
    );
    await assert.rejects(readPage(other, PLAIN), causedBy(/there is no such page/));
    await assert.rejects(readPage(new URL('http://127.0.0.1:1/metrics'), PLAIN), causedBy(/ECONNREFUSED/));
  });

  it('that is asked for by the wrong scheme says which is right, with TLS and without', async (t) => {
    const key = createAuthority('page authority').signServer();
    const tls = await serve(
      t,
      createTlsServer(key, (_, response) => response.end()),
      'http',
    );
    await assert.rejects(
      readPage(tls, PLAIN),
      causedBy(new RegExp(`this port wants TLS: give --url=https://${tls.host}$`)),
    );
    const plain = await serve(t, createServer(answer), 'https');
    await assert.rejects(
      readPage(plain, PLAIN),
      causedBy(new RegExp(`there is no TLS on this port: give --url=http://${plain.host}$`)),
    );
  });

  it('of a server that hangs up, or refuses the request, is no question of TLS', async (t) => {
    const gone = await serve(
      t,
      createServer(({ socket }) => socket.resetAndDestroy()),
      'http',
    );
    await assert.rejects(readPage(gone, PLAIN), causedBy(/ECONNRESET/));
    const refuses = await serve(
      t,
      createServer((_, response) => response.writeHead(400).end()),
      'http',
    );
    await assert.rejects(readPage(refuses, PLAIN), causedBy(/the answer is 400 Bad Request/));
  });

  it('of a server that answers plain HTTP on its port with TLS is told as well', async (t) => {
    const secure = createTlsServer(createAuthority('page authority').signServer());
    const plain = createServer((_, response) => response.writeHead(400).end());
    // as Go and nginx do: the first byte tells a handshake
    const both = createTcpServer((socket) => {
      socket.once('readable', () => {
        const first = socket.read(1) as Buffer | null;
        if (first === null) return;
        socket.unshift(first);
        (first[0] === 0x16 ? secure : plain).emit('connection', socket);
      });
    });
    const url = await serve(t, Object.assign(both, { closeAllConnections() {} }) as unknown as Server, 'http');
    await assert.rejects(readPage(url, PLAIN), causedBy(/this port wants TLS/));
  });

  it('that never ends is given up, by time, by size, and when nobody waits for it any more', async (t) => {
    const drips: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write('tcpstate_x 1\n'), 20);
      response.once('close', () => clearInterval(timer));
    };
    const slow = await serve(t, createServer(drips), 'http');
    await assert.rejects(readPage(slow, { ...PLAIN, timeoutMs: 200 }), causedBy(/no whole answer within 0\.2 s/));
    await assert.rejects(readPage(slow, { ...PLAIN, left: AbortSignal.timeout(50) }), causedBy(/abort/));
    const pours: RequestListener = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('#'.repeat(100_000)));
      };
      response.on('drain', more);
      more();
    };
    const endless = await serve(t, createServer(pours), 'http');
    await assert.rejects(readPage(endless, { ...PLAIN, timeoutMs: 20_000 }), causedBy(/longer than \d+ bytes/));
  });

  it('that stops half way is no page', async (t) => {
    const half = await serve(
      t,
      createServer((_, response) => {
        response.write('tcpstate_x 1\n');
        setTimeout(() => response.destroy(), 50);
      }),
      'http',
    );
    await assert.rejects(readPage(half, PLAIN));
  });
});

function causedBy(says: RegExp) {
  return (error: unknown) =>
    error instanceof Error && /cannot be read$/.test(error.message) && says.test(String(error.cause));
}

async function serve(t: TestContext, server: Server, scheme: 'http' | 'https'): Promise<URL> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
