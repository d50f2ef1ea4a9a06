import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { ConfigRefusal } from '../../../src/config/config.ts';
import { openWebSettings } from '../../../src/http/web-config/web-settings.ts';
import type { WebSettings } from '../../../src/http/web-config/web-settings-type.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';
import { createConfigFolder } from '../../support/files/config-folder.ts';
import { createAuthority } from '../../support/http/certificates.ts';
import { basic, fetchFrom, startGuardedServer } from '../../support/http/guarded-server.ts';

const authority = createAuthority('authority');
const { ca } = authority;
const [first, second] = [authority.signServer('first'), authority.signServer('second')];
const TLS = 'tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n';
const USED = 'the changed web configuration is in use';
const BROKEN = 'the changed web configuration is broken, the previous one stays in use';

describe('openWebSettings', () => {
  it('refuses at once what is missing or broken, naming the place and the file', (t) => {
    const { folder, write, writeIdentity } = createConfigFolder(t);
    writeIdentity('server', first);
    writeIdentity('other', second);
    write('empty.pem', '');
    write('broken.pem', first.cert.replace(/\n[^\n]{8}/, '\n????????'));
    const missing = join(folder, 'missing.pem');
    const open = (lines: string) => () =>
      openWebSettings(write('web.yml', `tls_server_config:\n${lines}`), createLogRecorder());
    const cases: readonly [lines: string, message: RegExp][] = [
      [
        '  cert_file: missing.pem\n  key_file: server-key.pem',
        new RegExp(`web\\.yml:2:3: cert_file cannot be read: ENOENT: .*'${missing}'$`),
      ],
      ['  cert_file: server.pem\n  key_file: missing.pem', /web\.yml:3:3: key_file cannot be read: ENOENT/],
      [
        '  cert_file: empty.pem\n  key_file: server-key.pem',
        /:2:3: cert_file \S+empty\.pem has no certificate in PEM format$/,
      ],
      [
        '  cert_file: broken.pem\n  key_file: server-key.pem',
        /:2:3: cert_file \S+broken\.pem has a certificate that cannot be read: /,
      ],
      [
        '  cert_file: server.pem\n  key_file: other-key.pem',
        /:3:3: key_file \S+other-key\.pem cannot be used: it does not belong to the certificate$/,
      ],
      ['  cert_file: server.pem\n  key_file: server.pem', /:3:3: key_file \S+server\.pem cannot be used: /],
      [
        '  cert_file: server.pem\n  key_file: server-key.pem\n  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: server-key.pem',
        /:5:3: client_ca_file \S+server-key\.pem has no certificate in PEM format$/,
      ],
    ];
    for (const [lines, message] of cases) {
      assert.throws(open(lines), (error) => {
        assert.ok(error instanceof ConfigRefusal);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n|PRIVATE/);
        return true;
      });
    }
    assert.throws(() => openWebSettings(join(folder, 'none.yml'), createLogRecorder()), {
      message: new RegExp(`^--web\\.config\\.file=${folder}/none\\.yml cannot be read: ENOENT`),
    });
  });

  it('takes certificate, key and authority inline', (t) => {
    const { write } = createConfigFolder(t);
    const indent = (pem: string) => pem.trimEnd().replaceAll('\n', '\n    ');
    const file = write(
      'web.yml',
      `tls_server_config:
  cert: |
    ${indent(first.cert)}
  key: |
    ${indent(first.key)}
  client_ca: |
    ${indent(ca)}
  client_auth_type: RequireAndVerifyClientCert
`,
    );
    assert.equal(openWebSettings(file, createLogRecorder())().tls?.clientAuth.isVerified, true);
  });

  it('warns of passwords that are costly to compare, at start and with each change', async (t) => {
    const userOf = (name: string, cost: string) => `${name}: "$2b$${cost}$${'.'.repeat(53)}"`;
    const { settingsNow, write, log } = open(t, `basic_auth_users: {${userOf('alice', '13')}, ${userOf('bob', '12')}}`);
    const warned = () => log.records.filter(({ level }) => level === 'warn').map(({ details }) => details);
    assert.deepEqual(warned(), [{ user: 'alice' }]);
    write('web.yml', `basic_auth_users: {${userOf('carol', '31')}, ${userOf('dave', '15')}}`);
    await waitFor(settingsNow, () => settingsNow().users.has('dave'));
    assert.deepEqual(warned(), [{ user: 'alice' }, { user: 'carol,dave' }]);
  });

  it('gives the same object as long as nothing changes', async (t) => {
    const { settingsNow } = open(t, 'basic_auth_users: {}');
    const settings = settingsNow();
    await delay(150);
    assert.equal(settingsNow(), settings);
  });

  it('keeps the old users while the new file is broken, says so once, and takes the next good one', async (t) => {
    const { settingsNow, write, log } = open(t, `basic_auth_users: {alice: "${hashSync('a', 4)}"}`);
    write('web.yml', 'basic_auth_users: {alice: nonsense}');
    await waitFor(settingsNow, () => log.records.length > 0);
    for (let turn = 0; turn < 5; turn++, await delay(60)) assert.deepEqual([...settingsNow().users.keys()], ['alice']);
    assert.deepEqual(
      log.records.map(({ level, message }) => [level, message]),
      [['error', BROKEN]],
    );
    assert.match(
      String((log.records[0]!.details as { error: Error }).error.message),
      /web\.yml:1:20: alice needs the bcrypt/,
    );
    write('web.yml', 'basic_auth_users: {: }');
    await waitFor(settingsNow, () => log.records.length === 2);
    write('web.yml', `basic_auth_users: {bob: "${hashSync('b', 4)}"}`);
    await waitFor(settingsNow, () => settingsNow().users.has('bob'));
    assert.deepEqual(
      log.records.map(({ message }) => message),
      [BROKEN, BROKEN, USED],
    );
  });

  it('does not open up when the file is emptied or taken away', async (t) => {
    const { settingsNow, file, write, log } = open(t, `basic_auth_users: {alice: "${hashSync('a', 4)}"}`);
    writeFileSync(file, '');
    await waitFor(settingsNow, () => log.records.length === 1);
    assert.equal(settingsNow().users.size, 1);
    rmSync(file);
    await waitFor(settingsNow, () => log.records.length === 2);
    assert.equal(settingsNow().users.size, 1);
    write('web.yml', '{}');
    await waitFor(settingsNow, () => settingsNow().users.size === 0);
  });

  it('waits until whoever writes the file is done', async (t) => {
    const hash = hashSync('a', 4);
    const { settingsNow, file, log } = open(t, `basic_auth_users: {alice: "${hash}"}`);
    for (let part = 1; part <= 8; part++) {
      writeFileSync(file, `basic_auth_users: {bob: "${hash}"}`.slice(0, part * 10));
      settingsNow();
      await delay(40);
    }
    writeFileSync(file, `basic_auth_users: {bob: "${hash}"}`);
    await waitFor(settingsNow, () => settingsNow().users.has('bob'));
    assert.deepEqual(
      log.records.map(({ message }) => message),
      [USED],
    );
  });

  it('sees a folder replaced behind a link, as orchestrators do', async (t) => {
    const { folder } = createConfigFolder(t);
    for (const [name, user] of [
      ['v1', 'alice'],
      ['v2', 'bob'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'web.yml'), `basic_auth_users: {${user}: "${hashSync('a', 4)}"}`);
    }
    symlinkSync('v1', join(folder, 'data'));
    const settingsNow = openWebSettings(join(folder, 'data', 'web.yml'), createLogRecorder());
    assert.ok(settingsNow().users.has('alice'));
    symlinkSync('v2', join(folder, 'data.new'));
    renameSync(join(folder, 'data.new'), join(folder, 'data'));
    await waitFor(settingsNow, () => settingsNow().users.has('bob'));
  });
});

describe('a change while the server runs', () => {
  it('gives new connections the new certificate and leaves the open ones alone', async (t) => {
    const { settingsNow, writeIdentity, log } = open(t, TLS);
    const { port } = await startGuardedServer(t, settingsNow);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const kept = await getOver(agent, port);
    assert.equal(await nameShown(port), 'first');
    writeIdentity('server', second);
    await waitFor(settingsNow, async () => (await nameShown(port)) === 'second');
    assert.equal(await getOver(agent, port), kept);
    writeIdentity('server', { cert: second.cert, key: first.key });
    await waitFor(settingsNow, () => log.records.some(({ message }) => message === BROKEN));
    assert.equal(await nameShown(port), 'second');
    assert.equal(await getOver(agent, port), kept);
  });

  it('asks for the passwords of the new users on open connections too', async (t) => {
    const { settingsNow, write } = open(t, `${TLS}basic_auth_users: {alice: "${hashSync('a', 4)}"}`);
    const { port } = await startGuardedServer(t, settingsNow);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const kept = await getOver(agent, port, basic('alice', 'a'));
    write('web.yml', `${TLS}basic_auth_users: {bob: "${hashSync('b', 4)}"}`);
    await waitFor(settingsNow, () => settingsNow().users.has('bob'));
    assert.equal(await getOver(agent, port, basic('bob', 'b')), kept);
    await assert.rejects(getOver(agent, port, basic('alice', 'a')), { message: 'status 401' });
  });

  it('can begin and cease to ask clients for certificates', async (t) => {
    const { settingsNow, write } = open(t, TLS);
    const { port } = await startGuardedServer(t, settingsNow);
    write('ca.pem', ca);
    assert.equal((await fetchFrom(port, { ca })).status, 200);
    const before = settingsNow();
    write('web.yml', TLS.replace('}', ', client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}'));
    await waitFor(settingsNow, () => settingsNow() !== before);
    await assert.rejects(fetchFrom(port, { ca }));
    assert.equal((await fetchFrom(port, { ca, ...authority.signClient() })).status, 200);
    write('web.yml', TLS);
    await waitFor(settingsNow, async () => (await fetchFrom(port, { ca }).catch(() => undefined))?.status === 200);
  });

  it('gives new connections new versions, and new authorities for clients, an intermediate one as well', async (t) => {
    const { settingsNow, write } = open(t, TLS);
    const { port } = await startGuardedServer(t, settingsNow);
    const between = createAuthority('between', authority.identity);
    const [before, after] = [authority.signClient(), between.signClient()];
    const old = { ca, maxVersion: 'TLSv1.2', ...before } as const;
    assert.equal((await fetchFrom(port, old)).status, 200);
    write('ca.pem', between.ca);
    const rules = 'min_version: TLS13, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem';
    write('web.yml', TLS.replace('}', `, ${rules}}`));
    await waitFor(settingsNow, () => settingsNow().tls?.clientAuth.isRequired === true);
    await assert.rejects(fetchFrom(port, old));
    await assert.rejects(fetchFrom(port, { ca, ...before }));
    assert.equal((await fetchFrom(port, { ca, ...after })).status, 200);
  });

  for (const [before, after, next] of [
    [TLS, '{}', 'HTTP 1.1 without TLS'],
    ['{}', TLS, 'TLS with HTTP 1.1 and 2'],
    [TLS, `${TLS}http_server_config: {http2: false}`, 'TLS with HTTP 1.1'],
    [`${TLS}http_server_config: {http2: false}`, TLS, 'TLS with HTTP 1.1 and 2'],
  ] as const) {
    it(`says that a restart is needed for ${next}, keeps what it speaks, and takes the rest`, async (t) => {
      const { settingsNow, write, log } = open(t, before);
      const { port } = await startGuardedServer(t, settingsNow);
      const [offer, headers] = [{ ALPNProtocols: ['h2', 'http/1.1'] }, { authorization: basic('alice', 'a') }];
      const client = before.startsWith(TLS) ? { ca, headers } : { headers };
      const spoken = async () => (before.startsWith(TLS) ? protocolOf(port, offer) : undefined);
      const first = await spoken();
      assert.equal((await fetchFrom(port, client)).status, 200);
      write('web.yml', `${after === '{}' ? '' : `${after}\n`}basic_auth_users: {alice: "${hashSync('a', 4)}"}`);
      await waitFor(settingsNow, () => settingsNow().users.has('alice'));
      const { message, details } = log.records.at(-1)!;
      assert.equal(message, 'a restart is needed to change the protocols');
      assert.equal((details as { next: string }).next, next);
      assert.equal((await fetchFrom(port, client)).status, 200);
      assert.equal((await fetchFrom(port, { ...client, headers: {} })).status, 401);
      assert.equal(await spoken(), first);
    });
  }
});

function open(t: TestContext, config: string) {
  const configFolder = createConfigFolder(t);
  configFolder.writeIdentity('server', first);
  const file = configFolder.write('web.yml', config);
  const log = createLogRecorder();
  return { ...configFolder, file, log, settingsNow: openWebSettings(file, log) };
}

/** Looks at the settings, as requests do, until something is so. */
async function waitFor(settingsNow: () => WebSettings, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 400; turn++, await delay(10)) {
    settingsNow();
    if (await condition()) return;
  }
  assert.fail('waited in vain');
}

/** The local port of the connection that a request was answered on. */
function getOver(agent: Agent, port: number, authorization = ''): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization };
    get({ host: '127.0.0.1', port, path: '/metrics', agent, ca, headers }, async (response) => {
      const { localPort } = response.socket;
      await text(response);
      if (response.statusCode === 200) resolve(localPort);
      else reject(new Error(`status ${response.statusCode}`));
    }).on('error', reject);
  });
}

async function protocolOf(port: number, offer: { ALPNProtocols: string[] }): Promise<string | false | null> {
  const socket = connect({ host: '127.0.0.1', port, ca, ...offer });
  await once(socket, 'secureConnect');
  socket.destroy();
  return socket.alpnProtocol;
}

async function nameShown(port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, ca });
  await once(socket, 'secureConnect');
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return Array.isArray(name) ? name[0] : name;
}
