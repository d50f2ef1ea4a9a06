import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../platform/linux/procfs/fake-procfs.ts';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { asNobody, missingUsers } from '../support/programs/as-nobody.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { churnNamespaces } from '../support/sockets/churning-namespaces.ts';
import { type Inhabited, inhabitNamespace } from '../support/sockets/inhabited-namespace.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

type Page = ReadonlyMap<string, ParsedFamily>;

const WAIT_MS = 30_000;
/** Metric → name of the counter that nstat prints. */
const COUNTERS: Readonly<Record<string, string>> = {
  tcpstate_netns_active_opens_total: 'TcpActiveOpens',
  tcpstate_netns_passive_opens_total: 'TcpPassiveOpens',
  tcpstate_netns_attempt_fails_total: 'TcpAttemptFails',
  tcpstate_netns_estab_resets_total: 'TcpEstabResets',
  tcpstate_netns_out_segments_total: 'TcpOutSegs',
  tcpstate_netns_retransmitted_segments_total: 'TcpRetransSegs',
  tcpstate_netns_listen_overflows_total: 'TcpExtListenOverflows',
  tcpstate_netns_listen_drops_total: 'TcpExtListenDrops',
  tcpstate_netns_time_wait_overflows_total: 'TcpExtTCPTimeWaitOverflow',
};
const ONLY_NETNS = ['--collector.disable-defaults', '--collector.netns'];
const skip = enterNetworkNamespace() ?? missingTools() ?? false;

test('the numbers of each namespace are those that ss and nstat show inside of it', { skip }, async (t) => {
  const inhabited = await inhabitAll(t);
  const exporter = await startExporter(t);
  const page = await exporter.scrape();
  for (const namespace of inhabited) assertAgrees(page, namespace, netnsOf(page, namespace.inum));
  const own = page.get('tcpstate_netns_info')!.samples.map(({ labels }) => labels.inum);
  assert.equal(own.includes(ownInum()), false, 'the exporter is in this namespace itself');
});

test('nobody without any capability gets the same numbers, not knowing which number a namespace has', {
  skip: skip || (missingUsers() ?? false),
}, async (t) => {
  const inhabited = await inhabitAll(t);
  const exporter = await startExporter(t, { launcher: asNobody([]), args: ONLY_NETNS });
  const page = await exporter.scrape();
  const infos = page.get('tcpstate_netns_info')!.samples;
  for (const { labels } of infos) assert.equal(labels.inum, '');
  const sizes = (name: string) => infos.map(({ labels }) => numberOf(page, name, labels.netns!)).sort();
  for (const { run } of inhabited) {
    const { inUse, timeWait } = countedBySs(run('ss', '-Htane'));
    assert.ok(sizes('tcpstate_netns_inuse_sockets').includes(inUse), `${inUse} in use`);
    assert.ok(sizes('tcpstate_netns_time_wait_sockets').includes(timeWait), `${timeWait} in TIME_WAIT`);
  }
});

test('a folder of names that is closed to the exporter is told at start', {
  skip: skip || (missingUsers() ?? false),
}, async (t) => {
  const logs = temporaryFolder(t);
  mkdirSync(join(logs, 'pods'), { mode: 0o700 });
  chmodSync(logs, 0o755);
  const exporter = await startExporter(t, {
    launcher: asNobody([]),
    args: [...ONLY_NETNS, `--path.kubelet-logs=${logs}`],
  });
  await exporter.scrape();
  const told = exporter.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^cannot list .*\/pods \(EACCES\): the names of pods .*CAP_DAC_READ_SEARCH$/);
});

test('namespaces that come and go cost the others nothing', { skip }, async (t) => {
  const inhabited = await inhabitAll(t);
  const exporter = await startExporter(t, { args: ONLY_NETNS });
  const churn = churnNamespaces(t, 0.02);
  for (let scrape = 0; scrape < 40; scrape++) {
    const page = await exporter.scrape();
    assert.equal(page.get('tcpstate_scrape_collector_success')!.samples[0]!.value, 1);
    assert.equal(statusOf(page, 'failed'), 0);
    for (const namespace of inhabited) {
      const netns = netnsOf(page, namespace.inum);
      assert.equal(numberOf(page, 'tcpstate_netns_inuse_sockets', netns), namespace.inUse);
    }
  }
  await churn.stop();
  assert.ok(churn.ended() > 0);
});

test('no namespace is kept alive: its veth goes with its last process, however often it was read', {
  skip,
}, async (t) => {
  const link = `tsv${process.pid}`;
  const namespace = await inhabitNamespace(t, { open: 1, closed: 0 });
  runHere('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'inside', 'netns', String(namespace.pid));
  const exporter = await startExporter(t, { args: ONLY_NETNS });
  let read = 0;
  while (read < 12) if (numberKnown(await exporter.scrape(), namespace.inum)) read++;
  // what the exporter must not do: an open file keeps it
  const held = openSync(`/proc/${namespace.pid}/net/sockstat`, 'r');
  await namespace.end();
  assert.equal(numberKnown(await exporter.scrape(), namespace.inum), false);
  assert.equal(hasLink(link), true);
  closeSync(held);
  const endMs = performance.now() + WAIT_MS;
  while (hasLink(link) && performance.now() < endMs) {
    await exporter.scrape();
    await delay(50); // the kernel takes namespaces down in the background
  }
  assert.equal(hasLink(link), false);
});

test('a name of ip netns is that of its processes, and without one it is only named', { skip }, async (t) => {
  if (!canName(t)) return;
  const [used, empty] = [`tsu-${process.pid}`, `tse-${process.pid}`];
  for (const name of [used, empty]) {
    runHere('ip', 'netns', 'add', name);
    t.after(() => runHere('ip', 'netns', 'del', name));
  }
  const child = spawn('ip', ['netns', 'exec', used, 'sleep', '600'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const exporter = await startExporter(t, { args: ONLY_NETNS });
  const endMs = performance.now() + WAIT_MS;
  const isRead = (page: Page, netns: string) =>
    page.get('tcpstate_netns_inuse_sockets')?.samples.some(({ labels }) => labels.netns === netns) ?? false;
  const isNamed = (page: Page, netns: string) =>
    page.get('tcpstate_netns_info')?.samples.some(({ labels }) => labels.netns === netns) ?? false;
  // one without a process is named only while the number of every other one is known: those of parallel tests come and go
  const isWhole = (page: Page) => isRead(page, used) && isNamed(page, empty);
  let page = await exporter.scrape();
  while (!isWhole(page) && performance.now() < endMs) page = await exporter.scrape();
  assert.equal(isRead(page, used), true);
  assert.equal(isRead(page, empty), false);
  assert.equal(isNamed(page, empty), true);
  assert.equal(statusOf(page, 'without_process')! >= 1, true);
});

interface Counted extends Inhabited {
  readonly inUse: number;
}

/** Three namespaces with different numbers of sockets; the last one over IPv6. */
async function inhabitAll(t: TestContext): Promise<Counted[]> {
  const wanted = [
    { open: 3, closed: 11 },
    { open: 40, closed: 0 },
    { open: 7, closed: 5, host: '::1' },
  ];
  const all = await Promise.all(wanted.map((each) => inhabitNamespace(t, each)));
  return all.map((each, index) => ({ ...each, inUse: 2 * wanted[index]!.open + 1 }));
}

function assertAgrees(page: Page, { run, inum, inUse: expected }: Counted, netns: string): void {
  const { inUse, timeWait, currEstab } = countedBySs(run('ss', '-Htane'));
  assert.equal(inUse, expected);
  assert.equal(numberOf(page, 'tcpstate_netns_inuse_sockets', netns), inUse);
  assert.equal(numberOf(page, 'tcpstate_netns_time_wait_sockets', netns), timeWait);
  assert.equal(numberOf(page, 'tcpstate_netns_curr_estab', netns), currEstab);
  const counters = new Map(
    [...run('nstat', '-asz').matchAll(/^(\w+) +(\d+)/gm)].map(([, name, value]) => [name, value]),
  );
  for (const [metric, name] of Object.entries(COUNTERS)) {
    assert.ok(counters.has(name), name);
    assert.equal(numberOf(page, metric, netns), Number(counters.get(name)), `${metric} of ${inum}`);
  }
  assert.ok(Number(counters.get('TcpActiveOpens')) > 0);
}

function countedBySs(output: string) {
  const states = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/)[0]!);
  const count = (...names: readonly string[]) => states.filter((state) => names.includes(state)).length;
  return {
    inUse: states.length - count('TIME-WAIT', 'SYN-RECV'),
    timeWait: count('TIME-WAIT'),
    currEstab: count('ESTAB', 'CLOSE-WAIT'),
  };
}

function netnsOf(page: Page, inum: number): string {
  const info = page.get('tcpstate_netns_info')!.samples.find(({ labels }) => labels.inum === String(inum));
  assert.ok(info !== undefined, `no namespace ${inum} on the page`);
  return info.labels.netns!;
}

function numberKnown(page: Page, inum: number): boolean {
  return page.get('tcpstate_netns_info')?.samples.some(({ labels }) => labels.inum === String(inum)) ?? false;
}

function numberOf(page: Page, name: string, netns: string): number | undefined {
  return page.get(name)!.samples.find(({ labels }) => labels.netns === netns)?.value;
}

function statusOf(page: Page, status: string): number | undefined {
  return page.get('tcpstate_network_namespaces')!.samples.find(({ labels }) => labels.status === status)?.value;
}

function hasLink(name: string): boolean {
  return spawnSync('ip', ['link', 'show', name], { stdio: 'ignore' }).status === 0;
}

function ownInum(): string {
  return /\d+/.exec(spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout)![0];
}

function runHere(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}`);
}

/** `ip netns add` mounts something in /run. */
function canName(t: TestContext): boolean {
  if (process.getuid!() === 0 && existsSync('/run')) return true;
  if (process.env.CI === 'true') throw new Error('needs root');
  t.skip('skipped: needs root');
  return false;
}

function missingTools(): string | undefined {
  const missing = ['ss', 'nstat', 'nsenter', 'unshare', 'setpriv'].filter(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
  if (missing.length === 0) return undefined;
  if (process.env.CI === 'true') throw new Error(`needs ${missing.join()}`);
  return `skipped: needs ${missing.join()}`;
}
