import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '../support/programs/finished-program.ts';
import { INCIDENT_HOST } from '../support/programs/own-host.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import {
  BACKLOG,
  exhaustPorts,
  LEAKED,
  leakCloseWait,
  OPEN,
  overflowAcceptQueue,
  RANGE,
  WAITING,
} from '../support/sockets/incidents.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

const skip = enterNetworkNamespace() ?? false;

describe('diagnose, on a host of its own', { skip }, () => {
  it('tells who used up the ports towards its database', async (t) => {
    const puppets = createSocketPuppets(t);
    // TIME_WAIT lasts a minute, which on a busy machine is over before everybody has looked: each look has a host of its own
    const makeIncident = async () => {
      enterNetworkNamespace();
      const sockets = createRawSockets();
      t.after(() => sockets.closeAll());
      await exhaustPorts(puppets, sockets);
    };
    const { code, finding, check, page } = await diagnose(t, makeIncident);
    assert.equal(code, 2);
    assert.equal(finding.kind, 'ports_exhausted_by_time_wait');
    assert.deepEqual(finding.subject, {
      type: 'destination',
      family: 'ipv4',
      localIp: '10.0.0.50',
      remoteIp: '10.0.0.50',
      remotePort: 5432,
    });
    assert.equal(finding.numbers.ports, RANGE.ports);
    assert.equal(finding.numbers.timeWait, WAITING);
    assert.deepEqual(finding.owner, { process: 'shop-worker', openConnections: OPEN, isInferred: true });
    assert.match(
      check,
      /^TCP CRITICAL - Ports to 10\.0\.0\.50:5432 are exhausted: 200 of 200 taken .*\(likely shop-worker\) \| util=100%/,
    );
    // the exporter's own listener may have taken one of the ports
    assert.deepEqual([page.kind, page.subject, page.numbers.taken], [finding.kind, finding.subject, RANGE.ports]);
    await makeIncident();
    const { stdout } = await runProgram(['diagnose', '--port=40000', ...INCIDENT_HOST]);
    assert.match(stdout, /^PORT 40000 .*\n.*10\.0\.0\.50:5432/);
  });

  it('tells whose listeners fill the range, and what else does', async (t) => {
    enterNetworkNamespace();
    setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
    const sockets = createRawSockets();
    t.after(() => sockets.closeAll());
    const server = await createSocketPuppets(t).start('turnserver');
    for (let port = 0; port < 120; port++) await server.tell(`listen 10.0.0.1 ${RANGE.first + port} 5`);
    for (let port = 120; port < 195; port++) {
      const client = sockets.open('10.0.0.1');
      sockets.bind(client, '10.0.0.1', RANGE.first + port);
    }
    const { code, finding, check, page } = await diagnose(t);
    assert.equal(code, 2);
    assert.equal(finding.kind, 'ports_exhausted_by_listeners');
    assert.deepEqual(finding.subject, { type: 'limit', limit: 'ephemeral_ports' });
    assert.deepEqual([finding.numbers.listening, finding.numbers.blocked], [120, 195]);
    assert.equal(finding.owner.process, 'turnserver');
    assert.match(finding.do, /^Give turnserver ports outside of the range/);
    assert.match(check, /195 of 200 taken: 120 by listeners, 75 by bound sockets, for every destination/);
    assert.deepEqual([page.kind, page.owner.process], [finding.kind, 'turnserver']);
  });

  it('tells who leaks CLOSE_WAIT', async (t) => {
    enterNetworkNamespace();
    const sockets = createRawSockets();
    t.after(() => sockets.closeAll());
    await leakCloseWait(createSocketPuppets(t), sockets);
    await delay(1500);
    const { code, finding, check, page } = await diagnose(t);
    assert.equal(code, 1);
    assert.equal(finding.kind, 'close_wait_unclosed');
    assert.deepEqual(finding.subject, { type: 'process', process: 'legacy' });
    assert.equal(finding.numbers.stuck, LEAKED);
    assert.match(check, /^TCP WARNING - legacy never closed 45 connections .*close_wait=45;.*close_wait_stuck=45;5/);
    assert.deepEqual([page.kind, page.numbers.stuck], [finding.kind, LEAKED]);
    const { stdout } = await runProgram(['diagnose', '--interval=0']);
    assert.match(stdout, new RegExp(`^CLOSE_WAIT OF .*\n *legacy +${LEAKED} `, 'm'));
  });

  it('tells which service does not accept, and what it drops', async (t) => {
    enterNetworkNamespace();
    t.after(await overflowAcceptQueue(createSocketPuppets(t)));
    await delay(1200);
    const { code, finding, check, page } = await diagnose(t);
    assert.equal(code, 2);
    assert.equal(finding.kind, 'accept_queue_dead');
    assert.deepEqual(finding.subject, { type: 'listener', localIp: '10.0.0.1', localPort: 8080, process: 'api' });
    assert.equal(finding.numbers.queueLength, BACKLOG + 1);
    assert.equal(finding.numbers.neverAccepted, 9);
    assert.match(check, /^TCP CRITICAL - api on 10\.0\.0\.1:8080 does not accept: .* 17 of 16 \| .*queue=100%/);
    assert.deepEqual([page.kind, page.subject], [finding.kind, finding.subject]);
  });

  it('tells a healthy host that it is OK', async () => {
    enterNetworkNamespace();
    const sockets = createRawSockets();
    sockets.listen('10.0.0.1', 80);
    const { code, stdout } = await runProgram(['diagnose', ...INCIDENT_HOST]);
    sockets.closeAll();
    assert.match(stdout, /^OK {8}\S+ {2}\d\d:\d\d:\d\d {2}nothing is near a limit\n/);
    assert.equal(code, 0);
    assert.match(
      (await runProgram(['diagnose', '--check', ...INCIDENT_HOST])).stdout,
      /^TCP OK - nothing is near a limit/,
    );
  });

  it('says of a namespace that it is not the host, unless that is wanted', async () => {
    enterNetworkNamespace();
    const { code, stdout } = await runProgram(['diagnose', '--check', '--interval=0']);
    assert.equal(code, 3);
    assert.match(stdout, /^TCP UNKNOWN - This is not the network of the host/);
  });

  it('works for a user without privileges, and says what it cannot see', async (t) => {
    enterNetworkNamespace();
    const sockets = createRawSockets();
    t.after(() => sockets.closeAll());
    sockets.listen('10.0.0.1', 80);
    const launcher = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all'];
    const { code, stdout } = await runProgram(['diagnose', ...INCIDENT_HOST], { launcher });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /\n {10}not the process of 1 of 1 socket \(100 %\): run it as root to see whose\n {10}they are/,
    );
  });

  it('is UNKNOWN where its output cannot be written, not the WARNING that a crash would be', async () => {
    const launcher = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
    const { code, stderr } = await runProgram(['diagnose', '--check', '--interval=0'], { launcher });
    assert.equal(code, 3);
    assert.match(stderr, /^tcpstate diagnose: the output cannot be written: ENOSPC[^\n]*\n$/);
  });

  it('refuses a flag it does not know as UNKNOWN', async () => {
    const { code, stderr } = await runProgram(['diagnose', '--chek']);
    assert.deepEqual([code, stderr], [3, 'tcpstate diagnose: unknown flag --chek: did you mean --check?\n']);
  });

  it('says so where Nagios looks, in a check', async () => {
    const { code, stdout, stderr } = await runProgram(['diagnose', '--check', '--watc']);
    assert.deepEqual([code, stdout, stderr], [3, 'TCP UNKNOWN - unknown flag --watc: did you mean --watch?\n', '']);
  });
});

/** The verdict of this host in three forms, and that by the page of an exporter here. `prepare` is done before each. */
async function diagnose(t: TestContext, prepare = async () => {}) {
  await prepare();
  const { code, stdout } = await runProgram(['diagnose', '--json', ...INCIDENT_HOST]);
  const [finding, ...others] = JSON.parse(stdout).findings;
  assert.deepEqual(others, []);
  await prepare();
  const check = await runProgram(['diagnose', '--check', ...INCIDENT_HOST]);
  assert.equal(check.code, code, check.stdout);
  await prepare();
  const exporter = await startExporter(t, { args: INCIDENT_HOST });
  const url = `--url=http://127.0.0.1:${exporter.port}`;
  const page = await runProgram(['diagnose', '--json', url]);
  assert.equal(page.code, code, page.stdout);
  return { code, finding, check: check.stdout, page: JSON.parse(page.stdout).findings[0] };
}
