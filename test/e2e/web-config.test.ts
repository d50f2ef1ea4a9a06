import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { createAuthority } from '../support/http/certificates.ts';
import { basic, fetchFrom } from '../support/http/guarded-server.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { skipWithoutPrometheus, startPrometheus } from '../support/programs/prometheus-server.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const MOST_POLLS = 200;
const PASSWORD = createHash('sha256').update('password').digest('hex').slice(0, 20);
const skip = enterNetworkNamespace() ?? false;

describe('--web.config.file', { skip }, () => {
  it('is refused with its place, on one line and with exit code 2', async (t) => {
    const { write, folder } = createConfigFolder(t);
    const file = write('web.yml', 'tls_server_config:\n  cert_fil: a\n');
    const { code, stdout, stderr } = await runProgram([`--web.config.file=${file}`]);
    assert.match(
      stderr,
      /^tcpstate-exporter: \S+\/web\.yml:2:3: unknown key "cert_fil" in tls_server_config: allowed [^\n]+\n$/,
    );
    assert.deepEqual([code, stdout], [2, '']);
    const missing = await runProgram([`--web.config.file=${join(folder, 'none.yml')}`]);
    assert.match(
      missing.stderr,
      /^tcpstate-exporter: --web\.config\.file=\S+\/none\.yml cannot be read: ENOENT[^\n]+\n$/,
    );
    assert.equal(missing.code, 2);
  });

  it('lets in those with certificate and password, finishes on SIGTERM, and logs no secret', async (t) => {
    const { exporter, authority } = await startSecured(t);
    assert.equal(exporter.log.find(({ msg }) => msg === 'listening')?.tls, true);
    const client = { ca: authority.ca, ...authority.signClient() };
    const right = { authorization: basic('prometheus', PASSWORD) };
    assert.equal((await fetchFrom(exporter.port, { ...client, headers: right })).status, 200);
    assert.equal((await fetchFrom(exporter.port, client)).status, 401);
    await assert.rejects(fetchFrom(exporter.port, { ca: authority.ca, headers: right }));
    assert.equal((await fetchFrom(exporter.port, { headers: right })).status, 400); // without TLS
    const startMs = performance.now();
    assert.equal(await exporter.stop(), 0);
    assert.ok(performance.now() - startMs < 1000);
    const log = JSON.stringify(exporter.log);
    for (const secret of [PASSWORD, right.authorization.slice(6), '$2b$', 'PRIVATE KEY'])
      assert.equal(log.includes(secret), false);
  });

  it('is scraped by Prometheus over TLS with password and client certificate', {
    skip: skipWithoutPrometheus(),
  }, async (t) => {
    const { exporter, authority, folder, writeIdentity } = await startSecured(t);
    writeIdentity('client', authority.signClient());
    const tls_config = {
      ca_file: join(folder, 'ca.pem'),
      cert_file: join(folder, 'client.pem'),
      key_file: join(folder, 'client-key.pem'),
    };
    const basic_auth = { username: 'prometheus', password: PASSWORD };
    const target = `127.0.0.1:${exporter.port}`;
    const { query } = await startPrometheus(t, target, { scheme: 'https', tls_config, basic_auth });
    await untilUp(query);
    assert.ok((await query('sum(tcpstate_sockets)'))[0]!.value > 0);
    assert.deepEqual(await query('tcpstate_scrape_collector_success != 1'), []);
  });
});

async function startSecured(t: TestContext) {
  const configFolder = createConfigFolder(t);
  const authority = createAuthority('authority');
  configFolder.writeIdentity('server', authority.signServer());
  configFolder.write('ca.pem', authority.ca);
  const file = configFolder.write(
    'web.yml',
    `tls_server_config:
  cert_file: server.pem
  key_file: server-key.pem
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example]
basic_auth_users:
  prometheus: ${hashSync(PASSWORD, 6)}
rate_limit: {interval: 10ms, burst: 20}
`,
  );
  const exporter = await startExporter(t, { args: [`--web.config.file=${file}`, '--log.level=debug'] });
  return { ...configFolder, authority, exporter };
}

async function untilUp(query: Awaited<ReturnType<typeof startPrometheus>>['query']): Promise<void> {
  for (let polls = 0; polls < MOST_POLLS; polls++, await delay(100)) {
    if ((await query('up == 1')).length > 0) return;
  }
  throw new Error('Prometheus has not scraped the exporter');
}
