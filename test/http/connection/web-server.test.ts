import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlainly } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { openWebSettings } from '../../../src/http/web-config/web-settings.ts';
import { defer } from '../../support/fakes/deferred.ts';
import { smallPage } from '../../support/fakes/fake-scraper.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';
import { createConfigFolder } from '../../support/files/config-folder.ts';
import { createAuthority } from '../../support/http/certificates.ts';
import { basic, fetchFrom, startGuardedServer } from '../../support/http/guarded-server.ts';

const authority = createAuthority('authority');
const foreignAuthority = createAuthority('somebody else');
const server = authority.signServer();
const client = authority.signClient();
const foreign = foreignAuthority.signClient();
const { ca } = authority;

describe('TLS', () => {
  it('serves the page over HTTP 1.1', async (t) => {
    const { port } = await start(t);
    const { status, body } = await fetchFrom(port, { ca });
    assert.equal(status, 200);
    assert.match(body, /^fake_up 1$/m);
  });

  it('serves the page over HTTP 2, several requests at once, zipped as well', async (t) => {
    const { port, scraper, counts } = await start(t);
    const big = `${'fake_metric 1\n'.repeat(50_000)}`;
    scraper.answer = async (request) => ({ ...smallPage(request), body: big });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    t.after(() => session.destroy());
    const bodies = await Promise.all(
      ['/metrics', '/metrics', '/-/healthy', '/nowhere'].map(async (path) => {
        const stream = session.request({ ':path': path });
        const [headers] = await once(stream, 'response');
        return [headers[':status'], (await text(stream)).length];
      }),
    );
    assert.deepEqual(bodies.slice(0, 2), [
      [200, big.length],
      [200, big.length],
    ]);
    assert.deepEqual(
      bodies.map(([status]) => status),
      [200, 200, 200, 404],
    );
    const zipped = session.request({ ':path': '/metrics', 'accept-encoding': 'gzip' });
    const [headers] = await once(zipped, 'response');
    assert.equal(headers['content-encoding'], 'gzip');
    zipped.resume();
    await once(zipped, 'end');
    for (let turn = 0; turn < 100 && counts.inFlight() > 0; turn++) await delay(5);
    assert.deepEqual([counts.inFlight(), counts.answers().get(200)], [0, 3]);
  });

  it('asks for the password over HTTP 2 too', async (t) => {
    const { port, scraper } = await start(t, '', `basic_auth_users: {alice: "${hashSync('a', 4)}"}`);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    t.after(() => session.destroy());
    for (const [password, status] of [
      ['b', 401],
      ['a', 200],
    ] as const) {
      const stream = session.request({ ':path': '/metrics', authorization: basic('alice', password) });
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], status);
      await text(stream);
    }
    assert.equal(scraper.requests.length, 1);
  });

  it('offers HTTP 2 unless it is turned off', async (t) => {
    const both = await start(t);
    const one = await start(t, '', 'http_server_config: {http2: false}');
    const offer = { ALPNProtocols: ['h2', 'http/1.1'] };
    assert.equal((await shakeHands(t, both.port, offer)).alpnProtocol, 'h2');
    assert.equal((await shakeHands(t, one.port, offer)).alpnProtocol, 'http/1.1');
    assert.equal((await shakeHands(t, both.port)).alpnProtocol, false);
  });

  it('answers HTTP without TLS in words, counts it, and serves the next', async (t) => {
    const { port, counts } = await start(t);
    for (const http2 of ['', 'http_server_config: {http2: false}']) {
      const { port, counts } = await start(t, '', http2);
      for (let turn = 1; turn < 4; turn++) {
        const { status, body } = await fetchFrom(port);
        assert.deepEqual([status, body], [400, 'This port speaks TLS: ask with https.\n']);
        assert.equal(counts.answers().get(400), turn);
      }
      assert.equal((await fetchFrom(port, { ca })).status, 200);
    }
    const socket = connectPlainly(port, '127.0.0.1');
    socket.write('garbage that is neither\r\n\r\n');
    assert.doesNotMatch(await text(socket), /HTTP/);
    assert.equal((await fetchFrom(port, { ca })).status, 200);
    assert.equal(counts.answers().get(400), 0);
  });

  it('warns of handshakes that fail, once a minute, with client and reason', async (t) => {
    const { port, log } = await start(t, 'min_version: TLS13');
    const warnings = () => log.records.filter(({ level }) => level === 'warn');
    const silent = connectPlainly(port, '127.0.0.1');
    await once(silent, 'connect');
    silent.destroy();
    await fetchFrom(port, { ca });
    await delay(50);
    assert.deepEqual(warnings(), []);
    for (let turn = 0; turn < 5; turn++) {
      await assert.rejects(fetchFrom(port, { ca, maxVersion: 'TLSv1.2' }));
      await fetchFrom(port);
    }
    assert.deepEqual(warnings(), [
      {
        level: 'warn',
        message: 'a TLS connection was refused',
        details: { client: '127.0.0.1', reason: 'unsupported protocol' },
      },
    ]);
    const others = log.records.filter(({ level, message }) => level === 'debug' && message === warnings()[0]!.message);
    assert.equal(others.length, 9);
    assert.deepEqual(others.at(-1)!.details, { client: '127.0.0.1', reason: 'it speaks HTTP without TLS' });
  });

  for (const [settings, protocols] of [
    ['', { 'TLSv1.1': false, 'TLSv1.2': true, 'TLSv1.3': true }],
    ['min_version: TLS13', { 'TLSv1.2': false, 'TLSv1.3': true }],
    ['max_version: TLS12', { 'TLSv1.2': true, 'TLSv1.3': false }],
    ['min_version: TLS10', { TLSv1: true, 'TLSv1.1': true, 'TLSv1.2': true, 'TLSv1.3': true }],
    ['min_version: TLS11\n  max_version: TLS11', { TLSv1: false, 'TLSv1.1': true, 'TLSv1.2': false }],
  ] as const) {
    it(`speaks ${JSON.stringify(protocols)} with "${settings}"`, async (t) => {
      const { port } = await start(t, settings);
      for (const [version, isSpoken] of Object.entries(protocols)) {
        const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' } as ConnectionOptions;
        const attempt = shakeHands(t, port, only);
        if (isSpoken) assert.equal((await attempt).getProtocol(), version);
        else await assert.rejects(attempt, version);
      }
    });
  }

  it('takes the ciphers and curves of the file, in its order', async (t) => {
    const chosen = `
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
  curve_preferences: [CurveP384]`;
    const wish = {
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305',
    };
    const { port } = await start(t, chosen);
    const socket = await shakeHands(t, port, wish);
    assert.equal(socket.getCipher().name, 'ECDHE-ECDSA-CHACHA20-POLY1305');
    assert.equal((socket.getEphemeralKeyInfo() as { name: string }).name, 'secp384r1');
    const lenient = await start(t, `${chosen}\n  prefer_server_cipher_suites: false`);
    assert.equal((await shakeHands(t, lenient.port, wish)).getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
    await assert.rejects(shakeHands(t, port, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }));
    await assert.rejects(shakeHands(t, port, { ecdhCurve: 'P-256' }));
  });

  it('keeps TLS 1.3 with any list of ciphers', async (t) => {
    const { port } = await start(t, 'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]');
    assert.equal((await shakeHands(t, port)).getProtocol(), 'TLSv1.3');
  });
});

describe('client_auth_type', () => {
  const CA = 'client_ca_file: ca.pem';
  const cases = [
    ['NoClientCert', '', { none: true, foreign: true, right: true }],
    ['RequestClientCert', '', { none: true, foreign: true, right: true }],
    ['RequireAnyClientCert', '', { none: false, foreign: true, right: true }],
    ['VerifyClientCertIfGiven', CA, { none: true, foreign: false, right: true }],
    ['RequireAndVerifyClientCert', CA, { none: false, foreign: false, right: true }],
  ] as const;
  const shown = { none: {}, foreign, right: client } as const;
  for (const [type, settings, expected] of cases) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`${type} lets in as it should, over ${version}`, async (t) => {
        const { port, scraper } = await start(t, `client_auth_type: ${type}\n  ${settings}`);
        const isLetIn = async (identity: object) =>
          fetchFrom(port, { ca, minVersion: version, maxVersion: version, ...identity }).then(
            ({ status }) => status === 200,
            () => false,
          );
        const seen = {
          none: await isLetIn(shown.none),
          foreign: await isLetIn(shown.foreign),
          right: await isLetIn(shown.right),
        };
        assert.deepEqual(seen, expected);
        assert.equal(scraper.requests.length, Object.values(expected).filter(Boolean).length);
      });
    }
  }

  it('knows a client by the certificate of its first connection when it resumes a session', async (t) => {
    const policy = `client_auth_type: RequireAndVerifyClientCert\n  ${CA}\n  client_allowed_sans: [prometheus.example]`;
    const { port } = await start(t, policy);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = connect({ host: '127.0.0.1', port, ca, ...client, maxVersion });
      const session = once(first, 'session');
      assert.match(await askForHealth(first), /^HTTP\/1\.1 200 /);
      const resumed = await shakeHands(t, port, { maxVersion, session: (await session)[0] });
      assert.equal(resumed.isSessionReused(), true);
      assert.match(await askForHealth(resumed), /^HTTP\/1\.1 200 /);
    }
  });

  it('lets a refused client ask for nothing, not even with the last words of its handshake', async (t) => {
    const { port, scraper } = await start(t, `client_auth_type: RequireAndVerifyClientCert\n  ${CA}`);
    for (let round = 0; round < 20; round++) {
      const socket = connect({ host: '127.0.0.1', port, ca, ...foreign }); // TLS 1.3: it may speak before it is judged
      socket.on('error', () => {});
      socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5));
      await untilClosed(socket);
    }
    assert.equal(scraper.requests.length, 0);
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`lets nobody in over HTTP 2 either, nor asked in one breath, over ${maxVersion}`, async (t) => {
      const { port, scraper } = await start(t, `client_auth_type: RequireAndVerifyClientCert\n  ${CA}`);
      for (let round = 0; round < 20; round++) {
        const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, ...foreign, maxVersion });
        session.on('error', () => {});
        for (let count = 0; count < 5; count++) session.request({ ':path': '/metrics' }).on('error', () => {});
        await new Promise((resolve) => session.once('close', resolve)); // an error may come before
      }
      assert.equal(scraper.requests.length, 0);
    });
  }

  it('refuses a server certificate of the same authority, made for another use', async (t) => {
    const { port } = await start(t, `client_auth_type: RequireAndVerifyClientCert\n  ${CA}`);
    await assert.rejects(fetchFrom(port, { ca, ...server }));
  });

  for (const allowed of ['prometheus.example', '10.1.2.3', 'FD00:0::12', 'spiffe://example/prometheus']) {
    it(`client_allowed_sans lets ${allowed} in, and nobody without that name`, async (t) => {
      const policy = `client_auth_type: RequireAndVerifyClientCert\n  ${CA}\n  client_allowed_sans: ["other", "${allowed}"]`;
      const { port } = await start(t, policy);
      assert.equal((await fetchFrom(port, { ca, ...client })).status, 200);
      for (const names of [[], ['DNS:elsewhere.example', 'DNS:sub.prometheus.example']])
        await assert.rejects(fetchFrom(port, { ca, ...authority.signClient(names) }));
    });
  }
});

describe('client_allowed_sans with a certificate that is only asked for', () => {
  for (const policy of ['RequestClientCert', 'VerifyClientCertIfGiven\n  client_ca_file: ca.pem']) {
    it(`requires one with a name: ${policy.split('\n')[0]}`, async (t) => {
      const { port } = await start(t, `client_auth_type: ${policy}\n  client_allowed_sans: [prometheus.example]`);
      assert.equal((await fetchFrom(port, { ca, ...client })).status, 200);
      for (const identity of [{}, authority.signClient(['DNS:elsewhere.example'])])
        await assert.rejects(fetchFrom(port, { ca, ...identity }));
    });
  }
});

describe('close', () => {
  it('finishes an answer over TLS, and closes idle connections at once', async (t) => {
    const { port, scraper, listening } = await start(t);
    const [arrived, gate] = [defer<void>(), defer<void>()];
    scraper.answer = async (request) => {
      arrived.resolve();
      await gate.promise;
      return smallPage(request);
    };
    const idle = await shakeHands(t, port);
    const idleSession = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    await once(idleSession, 'connect');
    const silent = connectPlainly(port, '127.0.0.1');
    await once(silent, 'connect');
    const page = fetchFrom(port, { ca, headers: { connection: 'keep-alive' } });
    await arrived.promise;
    const startMs = performance.now();
    const closed = listening.close(700);
    await once(idleSession, 'close');
    gate.resolve();
    assert.equal((await page).headers.connection, 'close');
    await closed;
    assert.ok(performance.now() - startMs < 1500);
    await untilClosed(idle);
  });
});

/** A server whose `tls_server_config` has these lines besides certificate and key, and whose file has this section besides. */
function start(t: TestContext, settings = '', section = '', trusted = ca) {
  const folder = createConfigFolder(t);
  folder.writeIdentity('server', server);
  folder.write('ca.pem', ca);
  folder.write('trusted.pem', trusted);
  const tls = `tls_server_config:\n  cert_file: server.pem\n  key_file: server-key.pem\n  ${settings}\n`;
  return startGuardedServer(t, openWebSettings(folder.write('web.yml', `${tls}${section}\n`), createLogRecorder()));
}

function shakeHands(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ...options }, () => resolve(socket));
    socket.on('error', reject);
    t.after(() => socket.destroy());
  });
}

function askForHealth(socket: TLSSocket): Promise<string> {
  socket.write('GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  return text(socket);
}

async function untilClosed(socket: TLSSocket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
}
