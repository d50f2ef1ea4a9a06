// What every package promises of the service it installs.

import assert from 'node:assert/strict';
import bundledNode from '../../deploy/bundle/node.json' with { type: 'json' };
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { OWN_HOST } from '../support/programs/own-host.ts';
import { version } from './built.ts';
import type { Machine } from './throw-away-machine.ts';

const NODE = '/usr/lib/tcpstate-exporter/node';
/** A copy, because Node.js 24 has the name of its file. */
const NEIGHBOUR = '/run/neighbour';
const LISTENER = `require("net").createServer().listen(8081)`;

export async function servesOwners(machine: Machine): Promise<void> {
  const neighbour = ['-p User=nobody', '-p DefaultDependencies=no', '--unit=neighbour', NEIGHBOUR];
  machine.run(`cp ${NODE} ${NEIGHBOUR} && systemd-run -q ${neighbour.join(' ')} -e '${LISTENER}'`);
  await machine.untilRuns('ss -Hltn sport = :8081 | grep -q .');
  const page = await scrape(machine);
  assert.equal(cellOf(page, 'tcpstate_process_sockets', { process: 'neighbour', state: 'listen' }), 1);
  assert.equal(cellOf(page, 'tcpstate_unit_sockets', { unit: 'neighbour.service', state: 'listen' }), 1);
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  const hidden = page
    .get('tcpstate_unattributed_sockets')!
    .samples.filter(({ labels }) => labels.reason === 'permission');
  assert.deepEqual(new Set(hidden.map(({ value }) => value)), new Set([0]));
  assert.match(statusOf(machine), /^CapEff:\s0000000000080004$/m); // bits 19 and 2
  assert.match(statusOf(machine), /^CapBnd:\s0000000000080004$/m);
  assert.match(statusOf(machine), /^Seccomp:\s2$/m);
  assert.match(machine.run('cat /run/exporter.log'), /the exporter sees only the processes of its own pid namespace/);
  assert.equal(
    machine.run('ps -o user:32= -p $(systemctl show -P MainPID tcpstate-exporter)').trim(),
    'tcpstate-exporter',
  );
  assert.equal(machine.run('systemctl is-enabled tcpstate-exporter').trim(), 'enabled');
}

export async function opensNoDebugger(machine: Machine): Promise<void> {
  machine.run('systemctl kill --signal=USR1 tcpstate-exporter && sleep 0.5');
  await scrape(machine);
  assert.equal(machine.run('ss -Hltn sport = :9229').trim(), '');
}

export function bringsCommand(machine: Machine): void {
  const asNobody = 'setpriv --reuid=nobody --clear-groups';
  assert.match(
    machine.run(`${asNobody} tcpstate-exporter --version`),
    new RegExp(`^tcpstate-exporter, version ${version()} [^]* v${bundledNode.linux.version}\n`),
  );
  assert.match(machine.run('man --path tcpstate-exporter'), /man8\/tcpstate-exporter\.8\.gz/);
  assert.match(machine.run('man --path tcpstate'), /man8\/tcpstate(-exporter)?\.8\.gz/);
  assert.match(machine.run(`tcpstate diagnose --check --interval=0 ${OWN_HOST.join(' ')}`), /^TCP OK - /);
}

export async function takesSettings(machine: Machine): Promise<void> {
  machine.run(`sed -i 's/^#TCPSTATE_WEB_LISTEN_ADDRESS=.*/TCPSTATE_WEB_LISTEN_ADDRESS=127.0.0.1:10049/' /etc/default/tcpstate-exporter
    systemctl restart tcpstate-exporter`);
  const page = await scrape(machine, 10_049);
  assert.equal(cellOf(page, 'tcpstate_sockets', { family: 'ipv4', state: 'listen' }), 1);
}

export async function doesWithout(machine: Machine): Promise<void> {
  const folder = '/etc/systemd/system/tcpstate-exporter.service.d';
  machine.run(`mkdir -p ${folder}; cp /usr/share/doc/tcpstate-exporter/examples/without-owners.conf ${folder}
    systemctl daemon-reload; systemctl restart tcpstate-exporter`);
  const page = await scrape(machine, 10_049);
  assert.match(statusOf(machine), /^CapEff:\s0000000000000000$/m);
  assert.match(statusOf(machine), /^CapBnd:\s0000000000000000$/m);
  assert.equal(page.has('tcpstate_process_sockets'), false);
  assert.equal(cellOf(page, 'tcpstate_unit_sockets', { unit: 'neighbour.service', state: 'listen' }), 1);
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  machine.run(`rm -r ${folder}; systemctl daemon-reload`);
}

export async function waitsForScrape(machine: Machine): Promise<void> {
  machine.run(`cp /etc/default/tcpstate-exporter /run/settings
    sed -i 's/^TCPSTATE_WEB_LISTEN_ADDRESS/#&/; s/^#TCPSTATE_WEB_SYSTEMD_SOCKET=.*/TCPSTATE_WEB_SYSTEMD_SOCKET=true/' /etc/default/tcpstate-exporter
    systemctl stop tcpstate-exporter; systemctl start tcpstate-exporter.socket`);
  assert.equal(machine.run('systemctl is-active tcpstate-exporter || true').trim(), 'inactive');
  parseExposition(machine.run('curl -sf http://127.0.0.1:10048/metrics'));
  assert.equal(machine.run('systemctl is-active tcpstate-exporter').trim(), 'active');
  machine.run(`cp /run/settings /etc/default/tcpstate-exporter
    systemctl stop tcpstate-exporter.socket tcpstate-exporter; systemctl start tcpstate-exporter`);
}

export async function staysDown(machine: Machine): Promise<void> {
  machine.run(
    'echo TCPSTATE_NONSENSE=1 >> /etc/default/tcpstate-exporter; systemctl restart tcpstate-exporter || true',
  );
  await machine.untilRuns('test "$(systemctl show -P ActiveState tcpstate-exporter)" = failed');
  assert.equal(machine.run('systemctl show -P ExecMainStatus tcpstate-exporter').trim(), '2');
  assert.match(machine.run('cat /run/exporter.log'), /unknown environment variable "?TCPSTATE_NONSENSE/);
  machine.run(
    'sed -i /NONSENSE/d /etc/default/tcpstate-exporter; systemctl reset-failed tcpstate-exporter; systemctl start tcpstate-exporter',
  );
}

export async function scrape(machine: Machine, port = 10_048): Promise<ReadonlyMap<string, ParsedFamily>> {
  return parseExposition(await machine.untilRuns(`curl -sf http://127.0.0.1:${port}/metrics`));
}

function statusOf(machine: Machine): string {
  return machine.run('cat /proc/$(systemctl show -P MainPID tcpstate-exporter)/status');
}

function cellOf(page: ReadonlyMap<string, ParsedFamily>, family: string, wanted: Readonly<Record<string, string>>) {
  const wants = Object.entries(wanted);
  return page.get(family)?.samples.find(({ labels }) => wants.every(([key, value]) => labels[key] === value))?.value;
}
