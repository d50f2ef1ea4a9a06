import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { createAuthority } from '../support/http/certificates.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { holdConnections } from './attacker.ts';
import { watchExporter } from './bystander.ts';

const COUNT = 10_000;
const SCRAPE = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n';
const skip = enterNetworkNamespace() ?? false;

describe('10,000 connections of one client', { skip, concurrency: false }, () => {
  for (const [what, bytes] of [
    ['that say nothing', ''],
    ['that never finish their headers', 'GET /metrics HTTP/1.1\r\nHost: a\r\nX: '],
    ['that never finish their body', 'POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx'],
  ] as const) {
    it(`${what} leave room for other scrapes, and for those of the same client`, async (t) => {
      const exporter = await startExporter(t);
      await exporter.get('/metrics');
      const { expectService, expectNoTraces } = watchExporter(exporter);
      const attacker = await holdConnections(t, exporter.port, { count: COUNT, bytes, reads: false });
      for (let round = 0; round < 3; round++, await delay(200)) await expectService({ same: true });
      await attacker.stop();
      await expectNoTraces();
    });
  }

  it('that never finish their TLS handshake leave room for other scrapes', async (t) => {
    const { exporter, ca } = await startSecured(t);
    const { expectService, expectNoTraces } = watchExporter(exporter, ca);
    const bytes = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';
    const attacker = await holdConnections(t, exporter.port, { count: COUNT, bytes, reads: false });
    for (let round = 0; round < 3; round++, await delay(200)) await expectService({ same: true });
    await attacker.stop();
    await expectNoTraces();
  });
});

describe('300 connections of one client', { skip, concurrency: false }, () => {
  it('that ask for pages and never read them leave room for other scrapes', async (t) => {
    const exporter = await startExporter(t);
    await exporter.get('/metrics');
    const { expectService, expectNoTraces } = watchExporter(exporter);
    const attack = { count: 300, bytes: SCRAPE.repeat(20), reads: false };
    const attacker = await holdConnections(t, exporter.port, attack);
    for (let round = 0; round < 3; round++, await delay(200)) await expectService();
    await attacker.stop();
    await expectNoTraces();
  });
});

async function startSecured(t: TestContext) {
  const { write, writeIdentity } = createConfigFolder(t);
  const authority = createAuthority('authority');
  writeIdentity('server', authority.signServer());
  const file = write('web.yml', 'tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n');
  return { exporter: await startExporter(t, { args: [`--web.config.file=${file}`] }), ca: authority.ca };
}
