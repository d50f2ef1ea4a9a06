import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGreedyClient, startLeakingClient } from '../support/http/greedy-clients.ts';
import { receiveWebhooks } from '../support/http/webhook-receiver.ts';
import { skipWithoutAlertmanager, startPagingServers } from '../support/programs/paging-servers.ts';
import { skipWithoutPrometheus } from '../support/programs/prometheus-server.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';

const TIMEOUT_MS = 50_000;
const skip = skipWithoutPrometheus() || skipWithoutAlertmanager() || (enterNetworkNamespace() ?? false);

test('a client that eats the port range pages somebody with host, destination and process, and resolves', {
  skip,
}, async (t) => {
  setNetworkSetting('ipv4/ip_local_port_range', '40000 40199');
  const exporter = await startExporter(t, { args: ['--close-wait.stuck-after=2s'] });
  const webhooks = await receiveWebhooks(t);
  startPagingServers(t, [{ targets: [`127.0.0.1:${exporter.port}`] }], webhooks.port);
  const leaking = await startLeakingClient(t, 'billing');
  const greedy = await startGreedyClient(t, 'checkout');
  const isPage = (body: string, action: string) =>
    body.includes(`"event_action":"${action}"`) && body.includes('TcpEphemeralPortsExhausted');

  await t.test('PagerDuty is told who it is', async () => {
    const { path, body } = await webhooks.waitFor('page', (call) => isPage(call.body, 'trigger'), TIMEOUT_MS);
    assert.equal(path, '/pagerduty');
    const { payload } = JSON.parse(body) as {
      payload: { summary: string; severity: string; custom_details: { firing: string } };
    };
    assert.equal(payload.severity, 'critical');
    assert.match(payload.summary, new RegExp(`^TcpEphemeralPortsExhausted on 127.0.0.1:${exporter.port}: `));
    assert.match(
      payload.custom_details.firing,
      new RegExp(`127.0.0.1 port ${greedy.port} from 127.0.0.1 with \\d+ ports`),
    );
    assert.match(payload.custom_details.firing, /most of the open ones by checkout/);
  });

  await t.test('the page resolves after the client has stopped', async () => {
    await greedy.stop();
    await webhooks.waitFor('resolution', (call) => isPage(call.body, 'resolve'), TIMEOUT_MS);
  });

  await t.test('a leak of CLOSE_WAIT sockets goes to the channel, with host, destination and process', async () => {
    const isLeak = ({ path, body }: { path: string; body: string }) =>
      path === '/slack' && body.includes('TcpCloseWaitStuck');
    const { body } = await webhooks.waitFor('leak', isLeak, TIMEOUT_MS);
    assert.match(body, /FIRING/);
    assert.match(body, new RegExp(`TcpCloseWaitStuck on 127.0.0.1:${exporter.port}`));
    assert.match(body, /process billing holds 12 CLOSE_WAIT sockets past the age limit that it never closed/);
    assert.match(body, new RegExp(`most are to: 127.0.0.1 port ${leaking.port} with 12`));
  });

  await t.test('the leak resolves after the client has stopped', async () => {
    await leaking.stop();
    const isEnd = ({ path, body }: { path: string; body: string }) =>
      path === '/slack' && /RESOLVED\] TcpCloseWaitStuck/.test(body);
    await webhooks.waitFor('end of the leak', isEnd, TIMEOUT_MS);
  });
});
