import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../platform/linux/procfs/fake-procfs.ts';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { addPodLogs, containerIdOf, podCgroups, uidOf } from '../support/sockets/fake-pods.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { inGroup, makeGroups, missingCgroups } from '../support/sockets/own-cgroups.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

type Page = ReadonlyMap<string, ParsedFamily>;
type Labels = Readonly<Record<string, string>>;

const PORTS = 20;
/** Each scrape may take the time of a walk over all cgroups, on a machine that does other things too. */
const MOST_SCRAPES = 200;
const POD = { namespace: 'shop', pod: 'checkout-0', netns: 'shop/checkout-0' } as const;
const APP: Labels = { ...POD, container: 'app', unit: '', process: 'checkout' };
const SIDECAR: Labels = { ...POD, container: 'sidecar', unit: '', process: 'envoy' };

const skip = missingCompiler() ?? enterNetworkNamespace() ?? missingCgroups() ?? missingBpf() ?? false;

test('the container and process that lack ports, do not close and do not accept are named', { skip }, async (t) => {
  const { exporter, app, sidecar } = await startPod(t);
  await app.tell('listen 10.0.0.1 5432');
  const service = await sidecar.tell('listen 10.0.0.1 9000');
  for (let made = 0; made < PORTS; made++) await app.tell('connect 10.0.0.1 5432');
  const closed = [await app.tell('connect 10.0.0.1 9000'), await app.tell('connect 10.0.0.1 9000')];
  await app.tell('connect 10.0.0.1 9000');
  await sidecar.tell(`accept ${service}`);
  for (const fd of closed) await app.tell(`close ${fd}`);

  const page = await scrapeUntil(
    exporter,
    (page) => find(page, 'tcpstate_netns_close_wait_stuck_sockets', { ...SIDECAR, reason: 'unclosed' }) === 1,
  );
  const destination = { remote_ip: '10.0.0.1', remote_port: '5432' };
  assert.equal(find(page, 'tcpstate_netns_ephemeral_utilization_ratio', { ...POD, family: 'ipv4' }), 1);
  assert.equal(find(page, 'tcpstate_netns_ephemeral_destination_ports_used', { ...APP, ...destination }), PORTS);
  const outbound = { direction: 'outbound', state: 'established', ...destination };
  assert.equal(find(page, 'tcpstate_netns_connections', { ...APP, ...outbound }), PORTS);
  assert.equal(find(page, 'tcpstate_netns_close_wait_stuck_sockets', { ...SIDECAR, reason: 'unaccepted' }), 1);
  assert.ok(find(page, 'tcpstate_netns_close_wait_oldest_seconds', SIDECAR)! > 0);
  const queue = { ...SIDECAR, local_ip: '10.0.0.1', local_port: '9000' };
  assert.equal(find(page, 'tcpstate_netns_listener_accept_queue_length', queue), 2);
  assert.equal(find(page, 'tcpstate_netns_listener_accept_queue_limit', queue), 32, 'of somaxconn there');
  const of8080 = { ...APP, local_ip: '10.0.0.1', local_port: '5432' };
  assert.equal(find(page, 'tcpstate_netns_listener_accept_queue_length', of8080), PORTS);
});

test('TIME_WAIT sockets of a pod have the process that closed them, where connection events are on', {
  skip,
}, async (t) => {
  const { exporter, app, sidecar } = await startPod(t, ['--collector.connection_events']);
  await exporter.scrape(); // it sees nothing of what was before it
  const service = await sidecar.tell('listen 10.0.0.1 5432');
  for (let made = 0; made < PORTS; made++) {
    const [mine, theirs] = [await app.tell('connect 10.0.0.1 5432'), await sidecar.tell(`accept ${service}`)];
    await app.tell(`close ${mine}`);
    await sidecar.tell(`close ${theirs}`);
  }
  const waiting = { ...APP, state: 'time_wait', direction: 'outbound', remote_ip: '10.0.0.1', remote_port: '5432' };
  const page = await scrapeUntil(exporter, (page) => find(page, 'tcpstate_netns_connections', waiting) === PORTS);
  assert.equal(find(page, 'tcpstate_netns_connections', waiting), PORTS);
  const destination = { ...APP, remote_ip: '10.0.0.1', remote_port: '5432' };
  assert.equal(find(page, 'tcpstate_netns_ephemeral_destination_ports_time_wait', destination), PORTS);
});

test('the only process of a pod is known by its other threads when its first one has ended', { skip }, async (t) => {
  const { exporter, app, sidecar } = await startPod(t);
  await sidecar.end();
  const service = await app.tell('listen 10.0.0.1 8080');
  await app.tell('connect 10.0.0.1 8080');
  await app.tell(`accept ${service}`);
  const thread = await app.tell('worker shared');
  await app.tell('retire');
  while (existsSync(`/proc/${app.pid}/net/sockstat`)) await delay(10);
  const queue = { ...POD, local_ip: '10.0.0.1', local_port: '8080' };
  const page = await scrapeUntil(
    exporter,
    (page) => find(page, 'tcpstate_netns_listener_accept_queue_limit', { ...queue, ...APP }) !== undefined,
  );
  assert.equal(find(page, 'tcpstate_netns_listener_accept_queue_limit', { ...queue, ...APP }), 32);
  assert.equal(find(page, 'tcpstate_netns_inuse_sockets', POD), 3);
  assert.equal(find(page, 'tcpstate_netns_passive_opens_total', POD), 1);
  const inum = /\d+/.exec(readlinkSync(`/proc/${app.pid}/task/${thread}/ns/net`))![0];
  assert.equal(find(page, 'tcpstate_netns_info', { ...POD, container: 'app', inum }), 1);
});

/** A pod with two containers, in cgroups and with log folders as the kubelet has them, and an exporter beside it. */
async function startPod(t: TestContext, options: readonly string[] = []) {
  const logs = temporaryFolder(t);
  const { start } = createSocketPuppets(t); // ends its processes before their cgroups are removed
  const [uid, appId, sidecarId] = [uidOf(process.pid), containerIdOf(process.pid), containerIdOf(process.pid + 1)];
  addPodLogs(logs, POD, uid, { app: appId, sidecar: sidecarId });
  const group = makeGroups(t, ...podCgroups(uid, [appId, sidecarId]));
  const inContainer = (id: string) => inGroup(group(`cri-containerd-${id}.scope`));
  const settings = [
    'ip link set lo up',
    'ip route add local 10.0.0.0/8 dev lo',
    `echo "40000 ${40_000 + PORTS - 1}" > /proc/sys/net/ipv4/ip_local_port_range`,
    'echo 32 > /proc/sys/net/core/somaxconn',
  ];
  const inNewNetwork = ['unshare', '-n', 'sh', '-ec', `${settings.join('; ')}; exec "$@"`, 'sh'];
  const app = await start('checkout', [...inContainer(appId), ...inNewNetwork]);
  const sidecar = await start('envoy', [...inContainer(sidecarId), 'nsenter', `--net=/proc/${app.pid}/ns/net`]);
  assert.equal(readlinkSync(`/proc/${sidecar.pid}/ns/net`), readlinkSync(`/proc/${app.pid}/ns/net`));
  // beside pods and sockets of others, however many
  const limits = ['netns', 'processes', 'destinations', 'connections'].map((name) => `--limit.${name}=1000`);
  const args = [
    ...options,
    ...limits,
    '--collector.sockets.source=bpf',
    `--path.kubelet-logs=${logs}`,
    '--close-wait.stuck-after=1s',
  ];
  return { app, sidecar, exporter: await startExporter(t, { args }) };
}

function find(page: Page, name: string, labels: Labels): number | undefined {
  const isIt = (sample: { readonly labels: Labels }) =>
    Object.entries(labels).every(([key, text]) => sample.labels[key] === text);
  return page.get(name)?.samples.find(isIt)?.value;
}

async function scrapeUntil({ scrape }: RunningExporter, isThere: (page: Page) => boolean): Promise<Page> {
  let page = await scrape();
  for (let scrapes = 1; !isThere(page) && scrapes < MOST_SCRAPES; scrapes++) page = await scrape();
  return page;
}
