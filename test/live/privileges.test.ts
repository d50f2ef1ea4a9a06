import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { ownFamilies } from '../support/pages/own-families.ts';
import { asNobody, missingUsers, NOBODY } from '../support/programs/as-nobody.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

/** Root may load the reader in the kernel, which knows more. */
const SAME_SOURCE = ['--owners.time-budget=5s', '--collector.sockets.source=sock_diag'];
const OWNERS = ['sys_ptrace', 'dac_read_search'];
/** Of the whole mask: bits 19 and 2 of include/uapi/linux/capability.h. */
const MASKS: Readonly<Record<string, string>> = {
  'sys_ptrace,dac_read_search': '0000000000080004',
  sys_ptrace: '0000000000080000',
  dac_read_search: '0000000000000004',
  '': '0000000000000000',
};
const skip = missingCompiler() ?? enterNetworkNamespace() ?? missingUsers() ?? false;

test('nobody with the two capabilities sees the owners of all users, and no more privilege is used', {
  skip,
}, async (t) => {
  const { exporter, page } = await scrapeAsNobody(t, OWNERS);
  assert.equal(listenersOf(page, 'hidden'), 1);
  assert.deepEqual(hiddenStates(page), []);
  assert.deepEqual(logged(exporter, 'warn'), []);
  assert.match(logged(exporter, 'info').join('\n'), /CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are available/);
});

for (const held of [[], ['sys_ptrace'], ['dac_read_search']]) {
  test(`nobody with ${held.join() || 'no capability'} gets a page without them, and the log names what is missing`, {
    skip,
  }, async (t) => {
    const { exporter, page } = await scrapeAsNobody(t, held);
    assert.equal(listenersOf(page, 'hidden'), undefined);
    assert.deepEqual(hiddenStates(page), ['listen']);
    const missing = OWNERS.filter((name) => !held.includes(name)).map((name) => `CAP_${name.toUpperCase()}`);
    const [warning, ...more] = logged(exporter, 'warn');
    assert.ok(warning!.startsWith(`${missing.join(' and ')} missing: `), warning);
    assert.match(warning!, /AmbientCapabilities=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH.*--no-collector\.processes/);
    assert.deepEqual(more, []);
  });
}

test('root with everything gets the page that nobody with two capabilities gets', { skip }, async (t) => {
  await startHidden(t);
  const root = await startExporter(t, { args: SAME_SOURCE });
  const page = await root.scrape();
  assert.equal(listenersOf(page, 'hidden'), 1);
  const nobody = await startExporter(t, { launcher: asNobody(OWNERS), args: SAME_SOURCE });
  assert.deepEqual(namesOf(await nobody.scrape()), namesOf(page));
  assert.deepEqual(logged(root, 'warn'), []);
});

test('processes outside of a pid namespace are no question of privileges', { skip }, async (t) => {
  await startHidden(t);
  const launcher = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const exporter = await startExporter(t, { launcher, args: ['--owners.time-budget=5s'] });
  const page = await exporter.scrape();
  assert.equal(page.get('tcpstate_pid_namespace_is_host')!.samples[0]!.value, 0);
  assert.deepEqual(hiddenStates(page), []);
  assert.deepEqual(
    statesBy(page, 'pid_namespace').filter((state) => state !== 'established'),
    ['listen'],
  );
  assert.match(logged(exporter, 'warn').join('\n'), /^the exporter sees only the processes of its own pid namespace/);
  assert.doesNotMatch(logged(exporter, 'info').join('\n'), /sockets of all users/);
});

async function scrapeAsNobody(t: TestContext, capabilities: readonly string[]) {
  await startHidden(t);
  const exporter = await startExporter(t, { launcher: asNobody(capabilities), args: ['--owners.time-budget=5s'] });
  const page = await exporter.scrape();
  const status = readFileSync(`/proc/${exporter.pid}/status`, 'utf8');
  assert.match(status, new RegExp(`^Uid:\\s${NOBODY}\\s`, 'm'));
  for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.match(status, new RegExp(`^${set}:\\s${MASKS[capabilities.join()]}$`, 'm'));
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  return { exporter, page };
}

/** A listener of another user. */
async function startHidden(t: TestContext): Promise<void> {
  const puppet = await createSocketPuppets(t).start('hidden', ['setpriv', '--reuid=1', '--regid=1', '--clear-groups']);
  await puppet.tell('listen 10.4.0.1 8080');
}

function listenersOf(page: ReadonlyMap<string, ParsedFamily>, process: string): number | undefined {
  const { samples } = page.get('tcpstate_process_sockets')!;
  return samples.find(({ labels }) => labels.process === process && labels.state === 'listen')?.value;
}

/** States with sockets whose owner is kept from us. The end of our own request that is the test's is not looked at. */
function hiddenStates(page: ReadonlyMap<string, ParsedFamily>): string[] {
  return statesBy(page, 'permission').filter((state) => state !== 'established');
}

function statesBy(page: ReadonlyMap<string, ParsedFamily>, reason: string): string[] {
  const { samples } = page.get('tcpstate_unattributed_sockets')!;
  return samples
    .filter(({ labels, value }) => labels.reason === reason && value > 0)
    .map(({ labels }) => labels.state!);
}

function logged({ log }: RunningExporter, wanted: string): string[] {
  return log.filter(({ level }) => level === wanted).map(({ msg }) => msg);
}

function namesOf(page: ReadonlyMap<string, ParsedFamily>): string[] {
  return ownFamilies(page).sort();
}
