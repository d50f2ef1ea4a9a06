import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { type ReceivedCall, receiveWebhooks } from '../support/http/webhook-receiver.ts';
import { connection, states } from '../support/pages/snapshot-cells.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';
import { skipWithoutAlertmanager, startPagingServers } from '../support/programs/paging-servers.ts';
import { skipWithoutPrometheus } from '../support/programs/prometheus-server.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const HOSTS = Array.from({ length: 200 }, (_, index) => `web-${index + 1}`);
const TIMEOUT_MS = 60_000;
/** More than twenty minutes of the rules: everything that would be told besides has had its time. */
const QUIET_MS = 45_000;
const HURRY = { secondsPerMinute: 2, interval: '2s', groupWait: '5s' };
const skip = skipWithoutPrometheus() || skipWithoutAlertmanager() || (enterNetworkNamespace() ?? false);

test('one dead database is one message for 200 hosts, and so is one range that all of them exhaust', {
  skip,
}, async (t) => {
  const fleet = await serveFleet(t);
  const webhooks = await receiveWebhooks(t);
  const targets = HOSTS.map((host) => ({
    targets: [`127.0.0.1:${fleet.port}`],
    labels: { instance: `${host}:10048`, __metrics_path__: `/${host}` },
  }));
  startPagingServers(t, targets, webhooks.port, HURRY);

  await t.test('the channel gets one message, with every host, who calls and what to do', async () => {
    const { body } = await webhooks.waitFor('message', ({ path }) => path === '/slack', TIMEOUT_MS);
    const [message] = (JSON.parse(body) as { attachments: { title: string; text: string }[] }).attachments;
    assert.equal(message!.title, '[FIRING:200] TcpSynSentPiling to 10.0.9.9 port 5432 on several hosts');
    assert.deepEqual(hostsIn(/^Firing \(200\): (.*)$/m.exec(message!.text)?.[1]), HOSTS.toSorted());
    assert.match(
      message!.text,
      /^web-\d+:10048: 40 connections to 10\.0\.9\.9 port 5432 .* most of them by checkout\.$/m,
    );
    assert.match(message!.text, /^Do: Check whether that destination is up/m);
    assert.match(message!.text, /^Dashboard: http:\/\/localhost:3000\/d\/tcpstate-triage$/m);
    assert.equal(message!.text.match(/connections to 10\.0\.9\.9/g)?.length, 10, 'the numbers of ten hosts');
  });

  await t.test('nothing else is told: failing connects of the same hosts are the same thing', async () => {
    await delay(QUIET_MS / 2);
    assert.deepEqual(subjects(webhooks.calls), ['TcpSynSentPiling to 10.0.9.9 port 5432 on several hosts']);
    assert.deepEqual(await readInhibited(), new Map([['TcpConnectsFailing', HOSTS.length]]));
  });

  await t.test('an exhausted range pages once, and silences what it includes', async () => {
    fleet.exhaust();
    const { body } = await webhooks.waitFor('page', ({ path }) => path === '/pagerduty', TIMEOUT_MS);
    const { payload } = JSON.parse(body) as {
      payload: { summary: string; component: string; custom_details: { hosts: string } };
    };
    assert.match(payload.summary, /^TcpEphemeralPortsExhausted on several hosts: Outbound connections are failing/);
    assert.equal(payload.component, 'ephemeral-ports');
    assert.deepEqual(hostsIn(payload.custom_details.hosts), HOSTS.toSorted());
    await delay(QUIET_MS);
    const told = subjects(webhooks.calls);
    assert.deepEqual(
      [...new Set(told)],
      ['TcpSynSentPiling to 10.0.9.9 port 5432 on several hosts', 'TcpEphemeralPortsExhausted on several hosts'],
    );
    assert.equal(told.filter((subject) => subject.startsWith('TcpEphemeral')).length, 1);
    assert.ok((await readInhibited()).has('TcpEphemeralPortsHigh'));
  });
});

/** 200 hosts behind one port, each at a path of its own; the database of all of them does not answer. */
async function serveFleet(t: TestContext) {
  const startedMs = performance.now();
  let isExhausted = false;
  const server = createServer(async (_, response) => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000);
    const { body, contentType } = await renderExposition(
      buildFamilies(hostAfter(seconds, isExhausted), LINUX_BUILD),
      undefined,
      'text',
    );
    response.writeHead(200, { 'content-type': contentType }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    exhaust: () => {
      isExhausted = true;
    },
  };
}

/** Every connect to the database waits, then fails: 20 a second. */
function hostAfter(seconds: number, isExhausted: boolean): Snapshot {
  const ephemeral = LINUX_SNAPSHOT.sockets!.ephemeral!;
  const families = ephemeral.families.map((family) => ({ ...family, utilization: isExhausted ? 0.99 : 0.1 }));
  return {
    sockets: {
      states: { ipv4: states({ established: 10, synSent: 40 }), ipv6: states({}) },
      connections: {
        cells: [connection('synSent', 'outbound', 'ephemeral', '10.0.9.9', '5432', 'checkout', 40)],
        folded: 0,
      },
      ephemeral: { families, destinations: { cells: [], folded: 0 }, listeners: [], holders: [] },
    },
    counters: { activeOpens: 20 * seconds, attemptFails: 20 * seconds, passiveOpens: 0 },
    outcomes: [],
  };
}

/** Alerts that fire and that Alertmanager keeps to itself, by name. */
async function readInhibited(): Promise<Map<string, number>> {
  const answer = await fetch('http://127.0.0.1:9093/api/v2/alerts?active=false&silenced=false&inhibited=true');
  const counts = new Map<string, number>();
  for (const { labels } of (await answer.json()) as { labels: { alertname: string } }[]) {
    counts.set(labels.alertname, (counts.get(labels.alertname) ?? 0) + 1);
  }
  return counts;
}

function hostsIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(', ')
    .map((host) => host.replace(':10048', ''))
    .sort();
}

/** What each message that tells of trouble is about. */
function subjects(calls: readonly ReceivedCall[]): string[] {
  return calls.flatMap(({ path, body }) => {
    if (path === '/pagerduty') {
      const { event_action: action, payload } = JSON.parse(body) as {
        event_action: string;
        payload: { summary: string };
      };
      return action === 'trigger' ? [payload.summary.split(':')[0]!] : [];
    }
    const { attachments } = JSON.parse(body) as { attachments: { title: string }[] };
    return attachments.map(({ title }) => title.replace(/^\[FIRING:\d+\] /, ''));
  });
}
