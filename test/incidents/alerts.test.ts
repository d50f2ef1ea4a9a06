// The three incidents on one host, told by `diagnose`, by the page of an exporter and by the shipped rules in a real Prometheus: the same
// subjects, the same numbers. Before them the host is healthy, and nothing fires. npm run test:incidents
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '../../src/verdict/finding.ts';
import { receiveWebhooks } from '../support/http/webhook-receiver.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { type FiringAlert, readFiring, readScrapes } from '../support/programs/firing-alerts.ts';
import { INCIDENT_HOST } from '../support/programs/own-host.ts';
import { skipWithoutAlertmanager, startPagingServers } from '../support/programs/paging-servers.ts';
import { skipWithoutPrometheus } from '../support/programs/prometheus-server.ts';
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
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

/** A minute of the rules is a second: no alert that needs less than a quarter of an hour stays silent for want of time. */
const HEALTHY_SCRAPES = 15;
const WAIT_MS = 60_000;
const POLL_MS = 500;

const skip = skipWithoutPrometheus() || skipWithoutAlertmanager() || (enterNetworkNamespace() ?? false);

test('what fires is what diagnose and the page tell, with the same names and numbers', { skip }, async (t) => {
  const exporter = await startExporter(t, { args: INCIDENT_HOST });
  const url = `--url=http://127.0.0.1:${exporter.port}`;
  const webhooks = await receiveWebhooks(t); // for PagerDuty and Slack
  startPagingServers(t, [{ targets: [`127.0.0.1:${exporter.port}`] }], webhooks.port);
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());

  await t.test('nothing on a healthy host', async () => {
    serveOneClient(sockets);
    await until(async () => (await readScrapes()) >= HEALTHY_SCRAPES);
    assert.deepEqual(await readFiring(), []);
    for (const how of [[], [url]]) {
      const { code, stdout } = await runProgram(['diagnose', '--check', ...INCIDENT_HOST, ...how]);
      assert.deepEqual([code, stdout.split(/ - |,/)[0]], [0, 'TCP OK'], stdout);
    }
  });

  await makeIncidents(t, sockets);
  const firing = await untilFiring(['TcpCloseWaitStuck', 'TcpAcceptQueueStuck', 'TcpEphemeralPortsExhausted']);
  // all at once: TIME_WAIT lasts a minute
  const looks = [diagnose([]), diagnose([url]), runProgram(['diagnose', '--check', ...INCIDENT_HOST])] as const;
  const [here, page, check] = await Promise.all(looks);

  await t.test('the host and its page have the same findings', () => {
    assert.deepEqual(here.map(identify), page.map(identify));
    assert.deepEqual(
      here.map(({ kind }) => kind),
      ['ports_exhausted_by_time_wait', 'accept_queue_dead', 'close_wait_unclosed'],
    );
  });

  await t.test('each alert that reaches somebody is one of these findings, and each finding has its alert', () => {
    const told = firing.filter(({ severity, isInhibited }) => severity !== 'info' && !isInhibited);
    const pairs = told.map(({ name, severity }) => `${name} ${severity}`);
    assert.deepEqual(pairs.sort(), here.map(({ alert, severity }) => `${alert} ${severity}`).sort());
  });

  await t.test('they say what to do in the same words, and lead to the same section of the runbook', () => {
    for (const finding of here) {
      const { annotations } = alertOf(finding, firing);
      const process = finding.owner?.process ?? ('process' in finding.subject ? finding.subject.process : '');
      assert.ok(finding.do.startsWith(annotations.action!.replace('the named process', process)), finding.do);
      assert.ok(annotations.runbook_url!.endsWith(`#${finding.runbook}`), finding.runbook);
    }
  });

  await t.test('ports: destination, likely process, ports taken and waiting', () => {
    const [{ subject, numbers, owner }] = here as [Finding];
    const { labels, value, description } = alertOf(here[0]!, firing);
    assert.ok(subject.type === 'destination');
    assert.deepEqual([subject.family, value], [labels.family, numbers.utilizationRatio]);
    const { taken = 0, heldForAll = 0, timeWait } = numbers;
    assert.deepEqual([taken, timeWait], [RANGE.ports, WAITING]);
    assert.deepEqual(owner, { process: 'shop-worker', openConnections: OPEN, isInferred: true });
    const { remoteIp, remotePort, localIp } = subject;
    const told = `${remoteIp} port ${remotePort} from ${localIp} with ${taken - heldForAll} ports, ${timeWait} of them in TIME_WAIT and not reusable, most of the open ones by ${owner!.process}.`;
    assert.ok(description.includes(told), description);
  });

  await t.test('the accept queue: listener, process, length', () => {
    const { subject, numbers } = here[1]!;
    const { labels, value } = alertOf(here[1]!, firing);
    assert.ok(subject.type === 'listener');
    const { localIp, localPort, process } = subject;
    assert.deepEqual([labels.local_ip, labels.local_port, labels.process], [localIp, String(localPort), process]);
    assert.deepEqual([value, process], [numbers.queueLength, 'api']);
    assert.equal(value, BACKLOG + 1);
  });

  await t.test('CLOSE_WAIT: process, sockets, and with whom most are', () => {
    const { subject, numbers, details } = here[2]!;
    const { labels, value, description } = alertOf(here[2]!, firing);
    assert.deepEqual(subject, { type: 'process', process: labels.process });
    assert.deepEqual([labels.process, labels.reason, value], ['legacy', 'unclosed', LEAKED]);
    assert.equal(value, numbers.stuck);
    assert.ok(description.includes(`most are to: 10.0.0.1 (our port 9000) with ${LEAKED}.`), description);
    assert.ok(details.includes(`most with 10.0.0.1 (our port 9000): ${LEAKED}`), details.join());
  });

  await t.test('the check is CRITICAL, by the same', () => {
    assert.equal(check.code, 2);
    assert.match(
      check.stdout,
      /^TCP CRITICAL - Ports to 10\.0\.0\.50:5432 are exhausted: .*\(likely shop-worker\); 2 more \|/,
    );
  });
});

/** A listener, a client that stays and one that has gone. */
function serveOneClient(sockets: ReturnType<typeof createRawSockets>): void {
  const listener = sockets.listen('10.0.0.1', 80);
  for (const isLeaving of [false, true]) {
    const client = sockets.open('10.0.0.1');
    sockets.connect(client, '10.0.0.1', 80);
    const server = sockets.accept(listener);
    if (!isLeaving) continue;
    sockets.close(client);
    sockets.close(server);
  }
}

/** The ports come last: TIME_WAIT lasts a minute, and the other two alerts wait longer than the first. */
async function makeIncidents(t: TestContext, sockets: ReturnType<typeof createRawSockets>): Promise<void> {
  const puppets = createSocketPuppets(t);
  t.after(await overflowAcceptQueue(puppets));
  await leakCloseWait(puppets, sockets);
  await untilFiring(['TcpCloseWaitStuck', 'TcpAcceptQueueStuck']);
  await exhaustPorts(puppets, sockets);
}

async function untilFiring(names: readonly string[]): Promise<readonly FiringAlert[]> {
  let firing: readonly FiringAlert[] = [];
  await until(async () => {
    firing = await readFiring();
    return names.every((name) => firing.some((alert) => alert.name === name));
  });
  return firing;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const startMs = performance.now(); performance.now() - startMs < WAIT_MS; await delay(POLL_MS)) {
    if (await isSo()) return;
  }
  throw new Error(`not so after ${WAIT_MS} ms; firing: ${(await readFiring()).map(({ name }) => name).join(', ')}`);
}

async function diagnose(how: readonly string[]): Promise<readonly Finding[]> {
  const { code, stdout } = await runProgram(['diagnose', '--json', ...INCIDENT_HOST, ...how]);
  assert.equal(code, 2, stdout);
  return JSON.parse(stdout).findings;
}

/** What does not move between two looks. */
function identify({ kind, subject, owner, numbers }: Finding) {
  const { taken, timeWait, stuck, queueLength, queueLimit } = numbers;
  return { kind, subject, owner, taken, timeWait, stuck, queueLength, queueLimit };
}

function alertOf({ alert, subject }: Finding, firing: readonly FiringAlert[]): FiringAlert {
  const process = 'process' in subject ? subject.process : undefined;
  return firing.find(({ name, labels }) => name === alert && (process === undefined || labels.process === process))!;
}
