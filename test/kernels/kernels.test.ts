import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type PageSamples, parsePage } from '../../src/diagnose/page/parse-page.ts';
import { createProgram } from '../support/programs/c-program.ts';
import { downloadKernel } from './debian-kernel.ts';
import { runGuest } from './guest.ts';

const CONNECTION_MAKER = fileURLToPath(new URL('../support/sockets/connection-maker.c', import.meta.url));
const TOOLS = ['qemu-system-x86_64', 'busybox', 'cpio', 'xz', 'dpkg', 'ss', 'gcc'];
/** What guest-init.sh does. */
const [CLOSED, REFUSED, HELD] = [300, 20, 50];
const RELEASES = [
  { suite: 'bookworm', version: /^6\.1\./, sockets: 'sock_diag' }, // without the kernel functions that the walk calls
  { suite: 'trixie', version: /^6\.12\./, sockets: 'bpf' },
] as const;

const skip = missingTools() ?? false;

for (const { suite, version, sockets } of RELEASES) {
  test(`on the kernel of Debian ${suite}, sockets read by ${sockets}, connections counted as they were`, {
    skip,
  }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-'));
    chmodSync(folder, 0o755);
    t.after(() => rmSync(folder, { recursive: true }));
    const { path } = createProgram(t, readFileSync(CONNECTION_MAKER, 'utf8'));
    const kernel = downloadKernel(folder, suite, ['inet_diag', 'tcp_diag']);
    const said = runGuest(folder, kernel, path);
    const page = parsePage(said.get('page')!);
    assert.match(said.get('kernel')!, version);
    assert.deepEqual(
      [sourceOf(page, 'sockets'), sourceOf(page, 'connection_events')],
      [sockets, 'bpf'],
      said.get('log'),
    );

    const events = (metric: string, labels: Record<string, string>) => sumOf(page, `tcpstate_${metric}_total`, labels);
    assert.equal(events('connects', { process: 'shop' }), CLOSED);
    assert.equal(events('connections_closed', { process: 'shop', how: 'active' }), CLOSED);
    assert.equal(events('connections_closed', { process: 'srv', how: 'passive' }), CLOSED);
    assert.equal(events('connects', { process: 'cron' }), REFUSED);
    assert.equal(events('connect_failures', { process: 'cron', reason: 'refused' }), REFUSED);
    assert.equal(events('connects', { process: 'held' }), HELD);
    assert.equal(events('connections_accepted', { process: 'srv' }), CLOSED + HELD);

    const onPage = (state: string, process: string) => sumOf(page, 'tcpstate_process_sockets', { state, process });
    const counted = countSs(said.get('ss')!, '9001');
    const kernelSaid = ['sockstat', 'before', 'after', 'ss'].map((section) => said.get(section)).join('\n');
    assert.deepEqual(
      counted,
      { 'TIME-WAIT': CLOSED, ESTAB: 2 * HELD, LISTEN: 1 },
      `ss counted ${JSON.stringify(counted)}; the kernel: ${kernelSaid}`,
    );
    assert.equal(onPage('time_wait', 'shop'), CLOSED);
    assert.equal(onPage('established', 'held') + onPage('established', 'srv'), 2 * HELD);
    assert.equal(onPage('listen', 'srv'), 1);
  });
}

function sourceOf(page: PageSamples, collector: string): string | undefined {
  return page.get('tcpstate_source_info')?.find(({ labels }) => labels.collector === collector)?.labels.source;
}

/** The sum of the samples with these labels. */
function sumOf(page: PageSamples, metric: string, having: Readonly<Record<string, string>>): number {
  const samples = page.get(metric) ?? [];
  const own = samples.filter(({ labels }) => Object.entries(having).every(([name, text]) => labels[name] === text));
  return own.reduce((sum, { value }) => sum + value, 0);
}

/** Sockets by state that have a port at either end. */
function countSs(lines: string, port: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines.split('\n')) {
    const [state, , , local, remote] = line.trim().split(/\s+/);
    if (![local, remote].some((place) => place?.endsWith(`:${port}`))) continue;
    counts[state!] = (counts[state!] ?? 0) + 1;
  }
  return counts;
}

function missingTools(): string | undefined {
  const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return undefined;
  const reason = `skipped: needs ${missing.join(', ')}`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}
