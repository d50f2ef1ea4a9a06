import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CollectorName } from '../../src/model/collectors.ts';
import { failingIn, outliveFault, type Page, takePage } from '../support/fakes/outlived-fault.ts';
import { createPlantedProcfs } from '../support/files/planted-procfs.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const LAUNCHER = fileURLToPath(new URL('../support/fakes/refuse-sock-diag.ts', import.meta.url));
const ENORMOUS_BYTES = 100 * 1024 * 1024;
/** Reading 16 MiB each time costs more than the others. */
const FEW = 5;
/** More than the exporter may grow by when a file has no end. */
const MOST_GROWTH_BYTES = 200 * 1024 * 1024;

type Procfs = ReturnType<typeof createPlantedProcfs>;
type Case = readonly [name: string, failing: readonly CollectorName[], error: RegExp];

const MISSING: readonly Case[] = [
  ['self/net/snmp', ['counters'], /snmp is missing/],
  ['self/net/netstat', [], /./],
  ['self/net/sockstat', [], /./],
  ['self/mountinfo', [], /./],
  ['sys/net/ipv4/ip_local_port_range', ['ephemeral_ports'], /ip_local_port_range is missing/],
  ['sys/net/ipv4/ip_local_reserved_ports', [], /./],
  ['sys/net/ipv4/tcp_tw_reuse', [], /./],
  ['sys/net/ipv4/tcp_mem', [], /./],
  ['sys/fs/file-nr', [], /./],
];

/** Every file that is read in each scrape, and whose it is. */
const OWNERS_OF_FILES: readonly (readonly [name: string, failing: readonly CollectorName[]])[] = [
  ['self/net/snmp', ['counters']],
  ['self/net/netstat', ['counters']],
  ['self/net/sockstat', ['memory']],
  ['sys/net/ipv4/ip_local_port_range', ['ephemeral_ports']],
  ['sys/net/ipv4/ip_local_reserved_ports', ['ephemeral_ports']],
  ['sys/net/ipv4/tcp_tw_reuse', ['ephemeral_ports', 'settings']],
  ['sys/net/ipv4/tcp_mem', ['memory']],
  ['sys/net/core/somaxconn', ['settings']],
  ['sys/fs/file-nr', ['settings']],
];

const BROKEN: readonly (readonly [...Case, text: (whole: string) => string])[] = [
  ['self/net/snmp', ['counters'], /cut off: the last number/, (whole) => cutBehind(whole, 'Tcp:', 2)],
  [
    'self/net/snmp',
    ['counters'],
    /cut off: the last number/,
    (whole) => whole.slice(0, endOfLine(whole, 'Tcp:', 2) - 1),
  ],
  ['self/net/snmp', ['counters'], /no "Tcp:" lines/, () => ''],
  ['self/net/netstat', ['counters'], /values for \d+ names/, (whole) => `${cutBehind(whole, 'TcpExt:', 2)}\n`],
  ['self/net/sockstat', ['memory'], /a name without a value/, (whole) => whole.slice(0, whole.indexOf(' mem ') + 4)],
  ['sys/net/ipv4/ip_local_port_range', ['ephemeral_ports'], /not 2 integer/, () => '32768'],
  ['sys/net/ipv4/ip_local_port_range', ['ephemeral_ports'], /not 2 integer/, () => ''],
  ['sys/net/ipv4/ip_local_port_range', ['ephemeral_ports'], /not a range/, () => '32768\t609\n'],
  ['sys/net/ipv4/ip_local_reserved_ports', ['ephemeral_ports'], /reserved_ports/, () => '8080,90-\n'],
  ['sys/net/ipv4/tcp_mem', ['memory'], /not 3 integer/, () => '191388\t255185'],
  ['sys/net/core/somaxconn', ['settings'], /not an integer/, () => '40\0\0\n'],
];

const skip = enterNetworkNamespace() ?? false;

test('files of procfs that are not there', { skip }, async (t) => {
  const { procfs, exporter } = await exporterOf(t);
  for (const [name, failing, error] of MISSING) {
    await t.test(name, async () => {
      await outliveFault(exporter, { begin: () => procfs.remove(name), end: () => procfs.mend(name), failing, error });
    });
  }
});

test('files of procfs that cannot be read', { skip }, async (t) => {
  const { procfs, exporter } = await exporterOf(t);
  for (const [name, failing] of OWNERS_OF_FILES) {
    // the memory of a process has no first page; a folder; a ring of links
    for (const [linkTo, error] of [
      ['/proc/self/mem', /: EIO/],
      ['/proc/self/fd', /: EISDIR/],
      ['new', /: ELOOP/],
    ] as const) {
      await t.test(`${name}${error.source}`, async () => {
        const begin = () => procfs.plant(name, { linkTo: linkTo === 'new' ? join(procfs.folder, name) : linkTo });
        await outliveFault(exporter, { begin, end: () => procfs.mend(name), failing, error, scrapes: FEW });
      });
    }
  }
});

test('files of procfs that break off or are no such files', { skip }, async (t) => {
  const { procfs, exporter } = await exporterOf(t);
  for (const [name, failing, error, text] of BROKEN) {
    await t.test(`${name}: ${error.source}`, async () => {
      const begin = () =>
        procfs.plant(name, text(existsSync(`/proc/${name}`) ? readFileSync(`/proc/${name}`, 'utf8') : ''));
      await outliveFault(exporter, { begin, end: () => procfs.mend(name), failing, error });
    });
  }
});

test('files of procfs that are enormous or have no end', { skip }, async (t) => {
  const { procfs, exporter } = await exporterOf(t);
  const enormous = join(procfs.folder, 'enormous');
  writeEnormous(enormous, 'Tcp: 1 2 3 4 5 6 7 8\n');
  const before = residentBytes(exporter);
  for (const [name, failing] of OWNERS_OF_FILES) {
    for (const linkTo of ['/dev/zero', enormous]) {
      await t.test(`${name}: ${linkTo === enormous ? '100 MiB' : linkTo}`, async () => {
        const begin = () => procfs.plant(name, { linkTo });
        const end = () => procfs.mend(name);
        await outliveFault(exporter, { begin, end, failing, error: /EFBIG: it has more than/, scrapes: FEW });
      });
    }
  }
  const growth = residentBytes(exporter) - before;
  assert.ok(growth < MOST_GROWTH_BYTES, `${growth} bytes more`);
});

test('/proc/net/tcp where inet_diag is refused', { skip }, async (t) => {
  const { procfs, exporter } = await exporterOf(t, [process.execPath, '--import', 'tsx', LAUNCHER]);
  const enormous = join(procfs.folder, 'enormous');
  writeEnormous(enormous, 'x'.repeat(99));
  const failing: readonly CollectorName[] = ['processes', 'sockets'];
  for (const name of ['self/net/tcp', 'self/net/tcp6']) {
    for (const [what, error, begin] of [
      [
        'cut in the middle',
        /cut off|expected/,
        () => procfs.plant(name, readFileSync(`/proc/${name}`, 'utf8').slice(0, -60)),
      ],
      ['empty', /is empty/, () => procfs.plant(name, '')],
      ['unreadable', /: EIO/, () => procfs.plant(name, { linkTo: '/proc/self/mem' })],
      ['without end', /line 1: /, () => procfs.plant(name, { linkTo: '/dev/zero' })],
      ['enormous', /line 1: /, () => procfs.plant(name, { linkTo: enormous })],
    ] as const) {
      await t.test(`${name} ${what}`, async () => {
        const pages = await outliveFault(exporter, { begin, end: () => procfs.mend(name), failing, error });
        for (const page of pages) assert.equal(page.has('tcpstate_sockets'), false);
      });
    }
  }
});

test('files that are read at start only do not keep the exporter from starting', { skip }, async (t) => {
  for (const [name, failing] of [
    ['self/status', []],
    ['self/mountinfo', ['units']],
    ['self/smaps', ['memory']],
  ] as const) {
    await t.test(name, async (t) => {
      const procfs = createPlantedProcfs(t);
      procfs.plant(name, { linkTo: '/proc/self/mem' });
      const exporter = await startExporter(t, { args: [`--path.procfs=${procfs.folder}`] });
      assert.deepEqual(failingIn(await takePage(exporter)), failing);
      procfs.mend(name);
      assert.deepEqual(failingIn(await takePage(exporter)), []);
      if (name === 'self/status')
        assert.ok(exporter.log.some(({ level, msg }) => level === 'warn' && /not known/.test(msg)));
    });
  }
});

async function exporterOf(
  t: TestContext,
  launcher: readonly string[] = [],
): Promise<{ procfs: Procfs; exporter: RunningExporter }> {
  const procfs = createPlantedProcfs(t);
  const exporter = await startExporter(t, { args: [`--path.procfs=${procfs.folder}`], launcher });
  const page: Page = await takePage(exporter);
  assert.deepEqual(failingIn(page), []);
  return { procfs, exporter };
}

/** The text up to the middle of the nth line that begins like this. */
function cutBehind(text: string, start: string, nth: number): string {
  const end = endOfLine(text, start, nth);
  return text.slice(0, Math.floor((text.lastIndexOf('\n', end - 1) + end) / 2));
}

function endOfLine(text: string, start: string, nth: number): number {
  let at = -1;
  for (let found = 0; found < nth; found++) at = `\n${text}`.indexOf(`\n${start}`, at + 1);
  assert.ok(at >= 0, `no line ${nth} of ${start}`);
  return text.indexOf('\n', at);
}

function writeEnormous(path: string, line: string): void {
  const block = Buffer.from(line.repeat(Math.ceil((1024 * 1024) / line.length)));
  const fd = openSync(path, 'w');
  for (let written = 0; written < ENORMOUS_BYTES; written += block.length) writeSync(fd, block);
  closeSync(fd);
}

function residentBytes({ pid }: RunningExporter): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}
