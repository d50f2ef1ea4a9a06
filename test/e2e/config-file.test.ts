import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConfigFolder } from '../support/files/config-folder.ts';
import { sumsByBreakdown } from '../support/pages/exact-sums.ts';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

type Page = Map<string, ParsedFamily>;

const MOST_POLLS = 200;
const CLIENTS = 3;
const skip = enterNetworkNamespace() ?? false;

describe('--config.file', { skip }, () => {
  it('is refused with its place, on one line and with exit code 2, and so is its check', async (t) => {
    const { write } = createConfigFolder(t);
    const wrong = write('names.yml', 'destinations:\n  10.0.0.1/40: x\n');
    for (const args of [[`--config.file=${wrong}`], ['--config.check', `--config.file=${wrong}`]]) {
      const { code, stdout, stderr } = await runProgram(args);
      assert.match(stderr, /^tcpstate-exporter: \S+\/names\.yml:2:3: 10\.0\.0\.1\/40 has a prefix that [^\n]+\n$/);
      assert.deepEqual([code, stdout], [2, '']);
    }
    const right = write('right.yml', 'destinations: {10.0.0.1: x}\n');
    const checked = await runProgram(['--config.check', `--config.file=${right}`]);
    assert.deepEqual([checked.code, checked.stdout], [0, `${right} is all right\n`]);
    const diagnosed = await runProgram(['diagnose', `--config.file=${wrong}`]);
    assert.deepEqual([diagnosed.code, diagnosed.stdout], [3, '']);
    assert.match(diagnosed.stderr, /names\.yml:2:3: /);
  });

  it('names destinations, follows changes, and keeps the names while the file is broken', async (t) => {
    const { write } = createConfigFolder(t);
    const port = await connectClients(t);
    const place = `127.0.0.2/32:${port}`;
    const file = write(
      'names.yml',
      `destinations: {${place}: primary, 127.0.0.0/8: here}\nthresholds: {TcpSynSentPiling: 7}\n`,
    );
    const exporter = await startExporter(t, { args: [`--config.file=${file}`] });
    const until = (isThere: (page: Page) => boolean) => untilPage(exporter, isThere);
    const sum = (page: Page, name: string) =>
      valuesOf(page, 'tcpstate_connections', { remote_port: String(port), direction: 'outbound', remote_name: name });

    const page = await until((each) => sum(each, 'primary') === CLIENTS);
    const inbound = { local_port: String(port), direction: 'inbound', remote_port: '', remote_name: 'here' };
    assert.equal(valuesOf(page, 'tcpstate_connections', inbound), CLIENTS, 'clients by a rule without a port');
    assert.equal(
      valuesOf(page, 'tcpstate_ephemeral_destination_ports_used', { remote_name: 'primary', remote_ip: '127.0.0.2' }),
      CLIENTS,
    );
    assert.equal(valuesOf(page, 'tcpstate_alert_threshold', { alertname: 'TcpSynSentPiling' }), 7);
    assert.equal(valuesOf(page, 'tcpstate_config_last_reload_successful', {}), 1);

    write('names.yml', `destinations: {${place}: replica}\n`);
    const changed = await until((each) => sum(each, 'replica') === CLIENTS);
    assert.equal(changed.has('tcpstate_alert_threshold'), false);

    write('names.yml', 'destinations: []\n');
    const broken = await until((each) => valuesOf(each, 'tcpstate_config_last_reload_successful', {}) === 0);
    assert.equal(sum(broken, 'replica'), CLIENTS);
    const told = exporter.log.filter(({ level }) => level === 'error');
    assert.deepEqual(
      told.map(({ msg }) => msg),
      ['the changed configuration is broken, the previous one stays in use'],
    );
    assert.match(String(told[0]!.error), /names\.yml:1:1: destinations has to be a mapping/);
  });

  it('filters what flags and file say, keeps sums exact, and follows changes', async (t) => {
    const { write } = createConfigFolder(t);
    const port = String(await connectClients(t));
    const file = write('filters.yml', `filters: {local_port: {exclude: [${port}]}}\n`);
    const exporter = await startExporter(t, {
      args: [`--config.file=${file}`, '--filter.exclude=remote_ip=127.0.0.2/31'],
    });
    const until = (isThere: (page: Page) => boolean) => untilPage(exporter, isThere);
    const countOf = (page: Page, labels: Readonly<Record<string, string>>) =>
      valuesOf(page, 'tcpstate_connections', { state: 'established', ...labels });

    const page = await until((each) => countOf(each, { remote_ip: 'filtered' }) >= 2 * CLIENTS);
    assert.deepEqual(
      ['inbound', 'outbound'].map((direction) => countOf(page, { direction, process: 'filtered' })),
      [CLIENTS, CLIENTS],
    );
    assert.equal(valuesOf(page, 'tcpstate_local_port_sockets', { local_port: port }), 0);
    for (const { metric, sums, expected } of sumsByBreakdown(page)) assert.deepEqual(sums, expected, metric);
    assert.equal(
      valuesOf(page, 'tcpstate_ephemeral_destination_ports_used', { remote_ip: '127.0.0.2', remote_port: port }),
      CLIENTS,
    );

    write('filters.yml', 'filters: {drop: true}\n');
    const dropped = await until((each) => each.has('tcpstate_filtered_sockets'));
    const left = { metric: 'tcpstate_connections', state: 'established' };
    assert.equal(valuesOf(dropped, 'tcpstate_filtered_sockets', left), CLIENTS);
    assert.equal(countOf(dropped, { local_port: port }), CLIENTS, 'no longer in the file');
    assert.equal(countOf(dropped, { remote_ip: 'filtered' }), 0);
  });

  it('leaves no trace on the page of who has none', async (t) => {
    await connectClients(t);
    const exporter = await startExporter(t);
    const { body } = await exporter.get('/metrics');
    assert.match(body, /^tcpstate_connections\{/m);
    assert.doesNotMatch(body, /remote_name|tcpstate_config_|tcpstate_alert_threshold/);
  });
});

/** Connections to 127.0.0.2; returns the port. */
async function connectClients(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.2');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.2'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  t.after(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  return port;
}

async function untilPage(exporter: RunningExporter, isThere: (page: Page) => boolean): Promise<Page> {
  for (let poll = 0; poll < MOST_POLLS; poll++) {
    const page = await exporter.scrape();
    if (isThere(page)) return page;
    await delay(50);
  }
  assert.fail(JSON.stringify(exporter.log));
}

function valuesOf(page: Page, metric: string, labels: Readonly<Record<string, string>>): number {
  const samples = page.get(metric)?.samples ?? [];
  return samples
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
