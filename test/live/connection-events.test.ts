import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { type Called, createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { scrapeAtRest, sumBy, waitUntilReady } from '../support/sockets/event-pages.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { readSs } from '../support/sockets/ss.ts';

const EADDRNOTAVAIL = 99;
const [CLIENT_FIRST, SERVER_FIRST, V6, DUAL, REUSED, NOBODY] = [9001, 9101, 9106, 9107, 9108, 9999];
const OUR_PORTS = [CLIENT_FIRST, SERVER_FIRST, V6, DUAL, REUSED];
/** Other tests make connections at the same time, and the programs see every namespace: names are this run's own. */
const RUN = Math.random().toString(36).slice(2, 6).padEnd(4, '0');
const nameOf = (what: string) => `${RUN}-${what}`;
const isOurs = ([name]: [string, number]) => name.startsWith(RUN);
const ours = (sums: Record<string, number>) => Object.fromEntries(Object.entries(sums).filter(isOurs).sort());
const total = (sums: Record<string, number>) => Object.values(ours(sums)).reduce((sum, number) => sum + number, 0);

const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? false;

test('who opened and closed what, and why not, as the programs themselves and the kernel say', { skip }, async (t) => {
  setNetworkSetting('ipv4/tcp_tw_reuse', '0');
  setNetworkSetting('ipv4/tcp_max_tw_buckets', '262144');
  setNetworkSetting('ipv4/ip_local_port_range', '10000 60999');
  addSilentNetworks();
  const maker = createConnectionMaker(t);
  const exporters = await startBoth(t);
  await maker.serve(nameOf('srvC'), '127.0.0.1', CLIENT_FIRST, 'client');
  await maker.serve(nameOf('srvS'), '127.0.0.1', SERVER_FIRST, 'server');
  await maker.serve(nameOf('srv6'), '::1', V6, 'server');
  await maker.serve(nameOf('srvDual'), '::', DUAL, 'client');
  const before = readKernel();
  const said: Record<string, Called> = {};
  const call = (what: string, ...how: Parameters<typeof maker.call> extends [string, ...infer Rest] ? Rest : never) => {
    said[nameOf(what)] = maker.call(nameOf(what), ...how);
  };
  call('close', ['127.0.0.1', CLIENT_FIRST], 3000, 'close');
  call('wait', ['127.0.0.1', SERVER_FIRST], 1000, 'wait');
  call('shut', ['127.0.0.1', CLIENT_FIRST], 300, 'shut');
  call('reset', ['127.0.0.1', CLIENT_FIRST], 300, 'reset');
  call('six', ['::1', V6], 300, 'wait');
  call('mapped', ['::ffff:127.0.0.1', DUAL], 300, 'close');
  call('threads', ['127.0.0.1', CLIENT_FIRST], 400, 'threads');
  call('fork', ['127.0.0.1', CLIENT_FIRST], 10, 'fork');
  call('pass', ['127.0.0.1', CLIENT_FIRST], 100, 'pass');
  call('exec', ['127.0.0.1', CLIENT_FIRST], 50, 'exec');
  call('refused', ['127.0.0.1', NOBODY], 200, 'close');
  call('aband', ['192.0.2.2', NOBODY], 30, 'abandon');
  call('timeout', ['192.0.2.2', NOBODY], 2, 'impatient');
  const killed = nameOf('killed');
  said[killed] = await maker.callAndDie(killed, ['127.0.0.1', CLIENT_FIRST], 1000);
  setNetworkSetting('ipv4/ip_local_port_range', '61000 61199');
  call('full', ['127.0.0.1', CLIENT_FIRST], 500, 'close');
  await waitUntilClosed();
  const kernel = minus(readKernel(), before);

  for (const exporter of exporters) {
    const page = await scrapeAtRest(exporter, RUN);
    const lost = sumBy(page, 'tcpstate_connection_events_lost_total', 'map');
    if (isFlooded(page)) {
      t.diagnostic(`connections of other tests have filled the tables: ${JSON.stringify(lost)}`);
      continue;
    }
    await t.test(`process and unit of every socket that nobody holds: ${sourceOf(page)}`, () => {
      const { outbound, inbound } = ownersByPorts(said);
      assert.ok(total(outbound) > 3000 && total(inbound) > 500);
      const shown = sumBy(page, 'tcpstate_process_sockets', 'process', { state: 'time_wait' });
      assert.deepEqual(ours(shown), ours({ ...outbound, ...inbound }));
      const without = sumBy(page, 'tcpstate_unattributed_sockets', 'state', { reason: 'kernel' });
      assert.deepEqual(without, {});
      const connections = sumBy(page, 'tcpstate_connections', 'process', { state: 'time_wait', direction: 'outbound' });
      assert.deepEqual(ours(connections), ours(outbound));
    });

    await t.test(`calls, and why they failed: ${sourceOf(page)}`, () => {
      const expected = Object.entries(said).map(([name, { ok, errors }]) => [name, ok + sum(errors)]);
      expected.push([nameOf('aband'), 30]); // EINPROGRESS is no failure
      assert.deepEqual(ours(sumBy(page, 'tcpstate_connects_total', 'process')), ours(Object.fromEntries(expected)));
      const failed = (reason: string) => ours(sumBy(page, 'tcpstate_connect_failures_total', 'process', { reason }));
      assert.deepEqual(failed('no_port'), { [nameOf('full')]: said[nameOf('full')]!.errors[EADDRNOTAVAIL] });
      assert.deepEqual(failed('refused'), { [nameOf('refused')]: 200 });
      assert.deepEqual(failed('abandoned'), { [nameOf('aband')]: 30 });
      assert.deepEqual(failed('timed_out'), { [nameOf('timeout')]: 2 });
      assert.deepEqual([failed('port_in_use'), failed('unreachable'), failed('other')], [{}, {}, {}]);
    });

    await t.test(`sums equal the counters of the kernel: ${sourceOf(page)}`, () => {
      const failed = (reason: string) => total(sumBy(page, 'tcpstate_connect_failures_total', 'process', { reason }));
      const closed = (how: string) => total(sumBy(page, 'tcpstate_connections_closed_total', 'process', { how }));
      assert.equal(total(sumBy(page, 'tcpstate_connects_total', 'process')) - failed('no_port'), kernel.ActiveOpens);
      // what floods of other tests push out of the table keeps its process; who accepts is known by the port only
      if (lost.flows === undefined)
        assert.equal(total(sumBy(page, 'tcpstate_connections_accepted_total', 'process')), kernel.PassiveOpens);
      assert.equal(closed('active'), kernel.TW);
      assert.equal(closed('aborted'), 300);
    });

    await t.test(`ports and peers as they are on the wire, lifetimes of all: ${sourceOf(page)}`, () => {
      if (lost.flows !== undefined) return;
      const accepted = sumBy(page, 'tcpstate_connections_accepted_total', 'local_port', { process: nameOf('srvDual') });
      assert.deepEqual(accepted, { [DUAL]: 300 });
      const peers = (what: string) => sumBy(page, 'tcpstate_connects_total', 'remote_ip', { process: nameOf(what) });
      assert.deepEqual([peers('mapped'), peers('six')], [{ '127.0.0.1': 300 }, { '::1': 300 }]);
      const { samples } = page.get('tcpstate_connection_lifetime_seconds')!;
      const count = samples.find(({ name, labels }) => name.endsWith('_count') && labels.process === nameOf('close'));
      assert.equal(count?.value, 3000);
    });
  }
});

test('where tcp_tw_reuse gives a port to another process, the last one has it', { skip }, async (t) => {
  setNetworkSetting('ipv4/ip_local_port_range', '62000 62199');
  setNetworkSetting('ipv4/tcp_tw_reuse', '1');
  const maker = createConnectionMaker(t);
  const exporters = await startBoth(t);
  await maker.serve(nameOf('srvR'), '127.0.0.1', REUSED, 'client');
  const said: Record<string, Called> = {};
  const used = new Set<number>();
  let taken = 0;
  for (const round of [0, 1, 2]) {
    const name = nameOf(`reuse${round}`);
    said[name] = maker.call(name, ['127.0.0.1', REUSED], 120, 'close');
    for (const port of said[name].ports) {
      if (used.has(port)) taken++;
      used.add(port);
    }
    await waitUntilClosed();
    for (const exporter of exporters) {
      const page = await scrapeAtRest(exporter, RUN);
      if (isFlooded(page)) return t.diagnostic('connections of other tests have filled the tables');
      const own = { state: 'time_wait', remote_port: String(REUSED) };
      const shown = sumBy(page, 'tcpstate_connections', 'process', own);
      assert.deepEqual(ours(shown), ours(ownersByPorts(said).outbound), `${sourceOf(page)}, round ${round}`);
    }
    await delay(1100); // the kernel gives a port away after a second
  }
  assert.ok(taken > 50, `${taken} ports taken over`);
});

/** Whether there were so many connections on this machine that some found no place: the programs see every namespace. */
function isFlooded(page: Awaited<ReturnType<RunningExporter['scrape']>>): boolean {
  const lost = sumBy(page, 'tcpstate_connection_events_lost_total', 'map');
  return lost.connections !== undefined || lost.owners !== undefined;
}

/** One that reads sockets by each source: both have programs of their own. */
async function startBoth(t: TestContext): Promise<readonly RunningExporter[]> {
  const exporters: RunningExporter[] = [];
  for (const source of ['bpf', 'sock_diag']) {
    const args = ['--collector.connection_events', `--collector.sockets.source=${source}`];
    const limits = ['connection-events', 'processes', 'connections'].map((limit) => `--limit.${limit}=5000`);
    const exporter = await startExporter(t, { args: [...args, ...limits] });
    await waitUntilReady(exporter);
    exporters.push(exporter);
  }
  return exporters;
}

/** The peer's FIN comes when it comes. */
async function waitUntilClosed(): Promise<void> {
  const passing = ['established', 'fin_wait1', 'fin_wait2', 'close_wait', 'last_ack', 'closing'];
  for (let tries = 0; tries < 500; tries++) {
    const open = readSs().filter(({ state, remotePort }) => passing.includes(state) && OUR_PORTS.includes(remotePort));
    if (open.length === 0) return;
    await delay(20);
  }
}

/**
 * Whose the TIME_WAIT sockets are that ss shows: the outbound ones by the ports that the callers told, of which the last one counts. Not all
 * that were told are there, because a reset ends TIME_WAIT.
 */
function ownersByPorts(said: Record<string, Called>) {
  const holders = new Map<string, string>();
  for (const [name, { ports, remotePort }] of Object.entries(said))
    for (const port of ports) holders.set(`${port} ${remotePort}`, name);
  const [outbound, inbound]: Record<string, number>[] = [{}, {}];
  const servers: Record<number, string> = { [SERVER_FIRST]: nameOf('srvS'), [V6]: nameOf('srv6') };
  for (const { state, localPort, remotePort } of readSs()) {
    if (state !== 'time_wait') continue;
    const server = servers[localPort];
    if (server !== undefined) inbound![server] = (inbound![server] ?? 0) + 1;
    else if (OUR_PORTS.includes(remotePort)) {
      const holder = holders.get(`${localPort} ${remotePort}`)!;
      outbound![holder] = (outbound![holder] ?? 0) + 1;
    }
  }
  return { outbound: outbound!, inbound: inbound! };
}

/** Counters of the namespace, by their name in /proc/net/snmp and netstat. */
function readKernel(): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/thread-self/net/${file}`, 'utf8').split('\n');
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const [names, values] = [lines[at]!.split(' '), lines[at + 1]!.split(' ')];
      if (names[0] === 'Tcp:' || names[0] === 'TcpExt:')
        for (const [index, name] of names.entries()) numbers[name] = Number(values[index]);
    }
  }
  return numbers;
}

function minus(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]!]));
}

function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((all, number) => all + number, 0);
}

function sourceOf(page: Awaited<ReturnType<RunningExporter['scrape']>>): string {
  return page.get('tcpstate_source_info')!.samples.find(({ labels }) => labels.collector === 'sockets')!.labels.source!;
}
