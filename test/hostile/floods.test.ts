import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { createAuthority } from '../support/http/certificates.ts';
import { basic, fetchFrom } from '../support/http/guarded-server.ts';
import { ODD_REQUESTS, sendBytes } from '../support/http/odd-requests.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { watchExporter } from './bystander.ts';
import { FLOODS, flood } from './http2-floods.ts';

const PASSWORD = 'right';
const skip = enterNetworkNamespace() ?? false;

describe('a flood over HTTP 2', { skip }, () => {
  for (const [what, frames] of Object.entries(FLOODS)) {
    it(`is outlived: ${what}`, async (t) => {
      const { exporter, ca } = await startWith(
        t,
        'tls_server_config: {cert_file: server.pem, key_file: server-key.pem}',
      );
      const { expectService, expectNoTraces } = watchExporter(exporter, ca);
      const floods = Array.from({ length: 4 }, () => flood(exporter.port, frames, 3000));
      await delay(50);
      await expectService();
      await Promise.all(floods);
      await expectNoTraces();
    });
  }
});

describe('a flood over HTTP 1.1', { skip }, () => {
  for (const [path, accept] of [
    ['/', '*/*'],
    ['/', 'text/html'],
    ['/metrics', '*/*'],
    ['/metrics?collect[]=sockets', '*/*'],
  ] as const) {
    it(`is outlived and leaves no memory behind: pipelined requests for ${path} as ${accept}`, async (t) => {
      const exporter = await startExporter(t);
      const { expectService, expectNoTraces } = watchExporter(exporter);
      const bytes = `GET ${path} HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n\r\n`.repeat(3000);
      for (let round = 0; round < 100; round++) await writeUntilClosed(exporter.port, bytes);
      await expectService();
      await expectNoTraces();
    });
  }

  it('is outlived: odd requests, 20 at a time', async (t) => {
    const exporter = await startExporter(t);
    const { expectService, expectNoTraces } = watchExporter(exporter);
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(ODD_REQUESTS.map((bytes) => sendBytes(exporter.port, bytes)));
      for (const answer of answers)
        assert.doesNotMatch(answer, /^HTTP\/1\.1 5(?!03)|application\/json|<script>.*<|at .*\.js:\d/);
      await expectService({ same: true });
    }
    await expectNoTraces();
  });

  it('is outlived: passwords guessed by one client do not keep another waiting', async (t) => {
    const { exporter } = await startWith(t, `basic_auth_users: {prometheus: "${hashSync(PASSWORD, 10)}"}`);
    const { expectService } = watchExporter(exporter);
    let guesses = 0;
    let isOver = false;
    const guess = async () => {
      while (!isOver) {
        await fetchFrom(exporter.port, { headers: { authorization: basic('prometheus', `wrong ${guesses++}`) } });
        await delay(20);
      }
    };
    const guessers = Array.from({ length: 40 }, guess);
    await delay(500);
    for (let round = 0; round < 3; round++)
      await expectService({ headers: { authorization: basic('prometheus', PASSWORD) } });
    isOver = true;
    await Promise.all(guessers);
    assert.ok(guesses > 40);
    assert.ok(exporter.log.length < 10);
  });
});

async function startWith(t: TestContext, webConfig: string) {
  const { write, writeIdentity } = createConfigFolder(t);
  const authority = createAuthority('authority');
  writeIdentity('server', authority.signServer());
  const exporter = await startExporter(t, { args: [`--web.config.file=${write('web.yml', `${webConfig}\n`)}`] });
  return { exporter, ca: authority.ca };
}

function writeUntilClosed(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume()
      .write(bytes);
  });
}
