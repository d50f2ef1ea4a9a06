import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { createAuthority } from '../support/http/certificates.ts';
import { fetchFrom } from '../support/http/guarded-server.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { BUILT_PROGRAM, buildProgram } from '../support/programs/running-exporter.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const PORT = 9731;
const FLAG = '--web.systemd-socket';
/** As systemd does it: the variables name the process that the exporter then is. */
const ACTIVATE = ['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=$1; shift; export LISTEN_PID LISTEN_FDS; exec "$@"', 'sh'];
const O_CLOEXEC = 0o2000000;
const skip = enterNetworkNamespace() ?? false;

describe(FLAG, { skip }, () => {
  it('answers on the socket that was passed, from the first connection on, which came before it ran', async (t) => {
    const fd = listenAt(t, '127.0.0.1', PORT);
    const answer = fetchFrom(PORT, {});
    await delay(100); // in the accept queue by now
    const { log, stop } = activate(t, [fd]);
    const { status, body } = await answer;
    assert.equal(status, 200);
    assert.match(body, /^tcpstate_sockets\{family="ipv4",state="listen"\} 1$/m);
    assert.equal(await stop(), 0);
    assert.match(await log, /msg=listening address=127\.0\.0\.1:9731 path=\/metrics tls=false\n/);
  });

  it('leaves the socket to its successor: connections made in between wait', async (t) => {
    const fd = listenAt(t, '127.0.0.1', PORT);
    const first = activate(t, [fd]);
    assert.equal((await fetchFrom(PORT, {})).status, 200);
    assert.equal(await first.stop(), 0);
    const answer = fetchFrom(PORT, {});
    await delay(100);
    const second = activate(t, [fd]);
    assert.equal((await answer).status, 200);
    assert.equal(await second.stop(), 0);
  });

  it('has the socket still when it has begun anew without the rights of its start', {
    skip: missingBpf() ?? false,
  }, async (t) => {
    const fd = listenAt(t, '127.0.0.1', PORT);
    const sets = '+bpf,+perfmon';
    const launcher = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', `--inh-caps=${sets}`];
    const { log, stop } = activate(t, [fd], ['--collector.sockets.source=bpf'], 1, [
      ...launcher,
      `--ambient-caps=${sets}`,
    ]);
    const { body } = await fetchFrom(PORT, {});
    assert.match(body, /^tcpstate_source_info\{collector="sockets",source="bpf"\} 1$/m);
    assert.equal(await stop(), 0);
    assert.equal((await log).match(/starting tcpstate-exporter/g)?.length, 1);
  });

  it('serves every socket that was passed, over TLS', async (t) => {
    const { write } = createConfigFolder(t);
    const authority = createAuthority('authority');
    const server = authority.signServer();
    write('cert.pem', server.cert);
    write('key.pem', server.key);
    const file = write('web.yml', 'tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n');
    const fds = [listenAt(t, '127.0.0.1', PORT), listenAt(t, '127.0.0.1', PORT + 1), listenAt(t, '::1', PORT)];
    const { log, stop } = activate(t, fds, [`--web.config.file=${file}`]);
    for (const port of [PORT, PORT + 1]) assert.equal((await fetchFrom(port, { ca: authority.ca })).status, 200);
    assert.equal((await fetchFrom(PORT, {})).status, 400); // without TLS
    assert.equal(await stop(), 0);
    const addresses = [...(await log).matchAll(/msg=listening address=(\S+) \S+ tls=true/g)].map(
      ([, address]) => address,
    );
    assert.deepEqual(addresses, ['127.0.0.1:9731', '127.0.0.1:9732', '[::1]:9731']);
  });

  it('keeps the socket under its descriptor, and from anything that it would start', async (t) => {
    const fd = listenAt(t, '127.0.0.1', PORT);
    const { child, stop } = activate(t, [fd]);
    await fetchFrom(PORT, {});
    const passed = readlinkSync(`/proc/self/fd/${fd}`);
    assert.match(passed, /^socket:/);
    assert.equal(readlinkSync(`/proc/${child.pid}/fd/3`), passed);
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${child.pid}/fdinfo/3`, 'utf8'))![1]!;
    assert.equal(Number.parseInt(flags, 8) & O_CLOEXEC, O_CLOEXEC);
    await stop();
  });

  it('ends with one line when what was passed is no stream socket, or none is there', async (t) => {
    const file = openSync('/dev/null', 'r');
    t.after(() => closeSync(file));
    for (const [fds, count] of [
      [[file], 1],
      [[], 1],
      [[listenAt(t, '127.0.0.1', PORT)], 2],
    ] as const) {
      const { child, log } = activate(t, fds, [], count);
      const [code] = await once(child, 'exit');
      const lines = (await log).trimEnd().split('\n');
      assert.match(
        lines.at(-1)!,
        /level=fatal msg="cannot listen on the socket that systemd passed \(descriptor [34]\): /,
      );
      assert.match(lines.at(-1)!, /; its unit must have ListenStream= and Accept=no"$/);
      assert.equal(code, 1);
    }
  });

  it('is refused, with exit code 2, without a socket or with one for another process', async () => {
    for (const env of [{}, { LISTEN_PID: '1', LISTEN_FDS: '1' }]) {
      const { code, stderr } = await runProgram([FLAG], { env });
      assert.match(stderr, /^tcpstate-exporter: --web\.systemd-socket is not possible: [^\n]+\n$/);
      assert.equal(code, 2);
    }
  });

  it('works with the real systemd-socket-activate, on a port and on a Unix socket', {
    skip: skipWithoutActivator(),
  }, async (t) => {
    buildProgram();
    const path = join(createConfigFolder(t).folder, 'metrics.sock');
    const places = ['-l', `127.0.0.1:${PORT}`, '-l', path, '--fdname=tcp:unix'];
    const args = [...places, process.execPath, BUILT_PROGRAM, FLAG];
    const { child, log } = follow(t, spawn('systemd-socket-activate', args, { stdio: ['ignore', 'ignore', 'pipe'] }));
    assert.equal((await fetchOnceListening()).status, 200);
    const [response] = (await once(get({ socketPath: path, path: '/-/healthy', agent: false }), 'response')) as [
      IncomingMessage,
    ];
    assert.equal(response.resume().statusCode, 200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    const addresses = [...(await log).matchAll(/msg=listening address=("[^"]+"|\S+) /g)].map(([, address]) => address);
    assert.deepEqual(addresses, ['127.0.0.1:9731', '"a Unix socket"']);
  });
});

it('the example unit listens where the exporter does by itself', () => {
  const unit = readFileSync(new URL('../../deploy/systemd/tcpstate-exporter.socket', import.meta.url), 'utf8');
  assert.match(unit, /^ListenStream=10048$/m);
  assert.doesNotMatch(unit, /^Accept=/m);
});

/** A listening socket of this process, which accepts nothing itself: what systemd has. */
function listenAt(t: TestContext, address: string, port: number): number {
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());
  return sockets.listen(address, port);
}

/** Starts the built program with these descriptors as 3, 4 …, the way systemd would. */
function activate(
  t: TestContext,
  fds: readonly number[],
  args: readonly string[] = [],
  count = fds.length,
  launcher: readonly string[] = [],
) {
  buildProgram();
  const [program, ...rest] = [...ACTIVATE, String(count), ...launcher, process.execPath, BUILT_PROGRAM, FLAG, ...args];
  return follow(t, spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe', ...fds] }));
}

function follow(t: TestContext, child: ChildProcess) {
  t.after(() => child.kill('SIGKILL'));
  return {
    child,
    /** All of it, once the program has ended. */
    log: text(child.stderr!),
    async stop() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exit;
      return code as number | null;
    },
  };
}

/** The activator opens its socket a moment after it is started. */
async function fetchOnceListening() {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchFrom(PORT, {});
    } catch (error) {
      if (attempt === 100) throw error;
      await delay(50);
    }
  }
}

function skipWithoutActivator(): string | false {
  if (spawnSync('systemd-socket-activate', ['--version']).status === 0) return false;
  if (process.env.CI === 'true') throw new Error('systemd-socket-activate is missing (apt-get install systemd)');
  return 'skipped: needs systemd-socket-activate';
}
