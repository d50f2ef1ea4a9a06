import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { createAuthority } from '../support/http/certificates.ts';
import { basic, fetchFrom } from '../support/http/guarded-server.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';

const secret = () => randomBytes(12).toString('hex');

it('lets no password, hash, key or Authorization header reach the log, whatever its level and whatever goes wrong', async (t) => {
  const { write, writeIdentity } = createConfigFolder(t);
  const authority = createAuthority('authority');
  const { ca } = authority;
  const [server, next] = [authority.signServer(), authority.signServer('next')];
  writeIdentity('server', server);
  const [password, guess, hash] = [secret(), secret(), hashSync('another', 4)];
  const rightHash = hashSync(password, 4);
  const tls = 'tls_server_config: {cert_file: server.pem, key_file: server-key.pem}';
  const users = (value: string) => `${tls}\nbasic_auth_users:\n  prometheus: ${value}\n`;
  const file = write('web.yml', users(rightHash));
  const exporter = await startExporter(t, { args: [`--web.config.file=${file}`, '--log.level=trace'] });
  const { port } = exporter;

  const given = [basic('prometheus', password), basic('prometheus', guess), `Bearer ${guess}`, `Basic ${guess}`];
  for (const authorization of given) {
    await fetchFrom(port, { ca, headers: { authorization } });
    await fetchFrom(port, { ca, headers: { authorization, 'proxy-authorization': authorization, cookie: guess } });
    await fetchFrom(port, { ca, headers: { authorization }, path: `/metrics?password=${guess}` });
    await fetchFrom(port, { ca, headers: { authorization }, path: `http://prometheus:${guess}@a/-/healthy` });
  }
  await sendPlainly(port, `GET /${guess} HTTP/1.1\r\nAuthorization: ${given[0]}\r\n\r\n`);
  const broken = [
    users(`x${rightHash}`),
    users(password),
    `${users(rightHash)}  ${guess}\n`,
    users(`[${hash}]`),
    users(`"${guess}`),
    `${tls}\nbasic_auth_users: ${guess}\n`,
    `tls_server_config: {cert_file: server.pem, key: "${next.key.replaceAll('\n', '\\n')}"}\n`,
    `tls_server_config: {cert_file: server.pem, key_file: web.yml}\nbasic_auth_users: {prometheus: ${guess}}\n`,
  ];
  for (const [index, text] of broken.entries()) {
    write('web.yml', text);
    await untilLogged(exporter, 'is broken', index + 1, () => fetchFrom(port, { ca }));
  }
  write('web.yml', users(hash));
  await untilLogged(exporter, 'is in use', 1, () => fetchFrom(port, { ca }));
  assert.equal((await fetchFrom(port, { ca, headers: { authorization: given[0]! } })).status, 401);
  assert.equal(await exporter.stop(), 0);

  const log = JSON.stringify(exporter.log);
  assert.match(log, /"answered"/);
  assert.match(log, /"refused"/);
  const keyLines = [server.key, next.key].flatMap((key) => key.split('\n')).filter((line) => line.length > 20);
  const encoded = given.map((value) => value.split(' ')[1]!);
  for (const each of [password, guess, hash, rightHash, rightHash.slice(7), ...encoded, ...keyLines])
    assert.equal(log.includes(each), false, `the log has ${each}`);
});

/** Without TLS, where TLS is spoken. */
function sendPlainly(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume();
  });
}

/** A changed file is looked at when somebody asks. */
async function untilLogged(exporter: RunningExporter, words: string, times: number, ask: () => Promise<unknown>) {
  for (let turn = 0; turn < 200; turn++, await delay(20)) {
    await ask();
    if (exporter.log.filter(({ msg }) => msg.includes(words)).length >= times) return;
  }
  assert.fail(`"${words}" was not logged ${times} times: ${JSON.stringify(exporter.log.slice(-3))}`);
}
