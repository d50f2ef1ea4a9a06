import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createThreadFaults } from '../support/fakes/thread-faults.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const NOBODY = 65_534;
/** Bits 38 and 39 of include/uapi/linux/capability.h. */
const LOADING = 0xc0_0000_0000n;

const skip = enterNetworkNamespace() ?? missingBpf() ?? (process.getuid?.() === 0 ? false : 'skipped: needs root');

for (const source of ['bpf', 'auto']) {
  test(`what loading takes is given up on every thread, and the collector thread reads on: ${source}`, {
    skip,
  }, async (t) => {
    const exporter = await startExporter(t, {
      launcher: asNobody(['bpf', 'perfmon', 'sys_ptrace']),
      args: [`--collector.sockets.source=${source}`],
    });
    const page = await exporter.scrape();
    assert.equal(sourceIn(page), 'bpf');
    assert.deepEqual(warnings(exporter), ['CAP_DAC_READ_SEARCH missing: sockets of other users']);
    checkThreads(exporter.pid);
    const name = readFileSync('/proc/self/comm', 'utf8'); // another program in Node.js
    assert.equal(readFileSync(`/proc/${exporter.pid}/comm`, 'utf8'), name, 'it is called what it was');
    const sockets = page.get('tcpstate_process_sockets')!.samples;
    assert.ok(sockets.some(({ labels }) => labels.process === basename(process.execPath) && labels.state === 'listen'));
  });
}

test('a collector thread that takes the place of one that died reads on, without the capabilities', {
  skip,
}, async (t) => {
  const faults = createThreadFaults(t);
  const exporter = await startExporter(t, {
    launcher: [...asNobody(['bpf', 'perfmon', 'sys_ptrace']), ...faults.launcher],
    args: ['--collector.sockets.source=bpf'],
  });
  assert.equal(sourceIn(await exporter.scrape()), 'bpf');
  const [programs, threads] = [listPrograms(exporter.pid), readdirSync(`/proc/${exporter.pid}/task`)];
  assert.equal(programs.length, 2, 'one reads sockets, one their processes');
  for (let lost = 1; lost <= 3; lost++) {
    faults.begin('exit');
    assert.equal((await exporter.scrape()).has('tcpstate_sockets'), false, 'it died in the middle of the collection');
    faults.end();
    for (let waits = 0; (await exporter.get('/-/ready')).status !== 200; waits++) {
      assert.ok(waits < 1000, 'the thread does not come back');
      await delay(20);
    }
    const page = await exporter.scrape();
    assert.equal(sourceIn(page), 'bpf');
    const rejections = page.get('tcpstate_source_rejections_total')!.samples.map(({ value }) => value);
    assert.deepEqual(rejections, [0, 0]);
  }
  assert.notDeepEqual(readdirSync(`/proc/${exporter.pid}/task`), threads);
  assert.deepEqual(listPrograms(exporter.pid), programs, 'the same programs, loaded once');
  checkThreads(exporter.pid);
});

for (const [what, held, source] of [
  ['without capabilities', [], 'bpf'],
  ['with one of the two', ['bpf'], 'bpf'],
  ['without capabilities', [], 'auto'],
] as const) {
  test(`${what} the page comes from inet_diag, and the log says why: ${source}`, { skip }, async (t) => {
    const launcher = asNobody(held);
    const exporter = await startExporter(t, { launcher, args: [`--collector.sockets.source=${source}`] });
    const page = await exporter.scrape();
    assert.equal(sourceIn(page), 'sock_diag');
    assert.equal(page.has('tcpstate_source_rejections_total'), false);
    assert.match(
      exporter.log.map(({ msg }) => msg).join('\n'),
      /^sockets are read by inet_diag \(sock_diag\); the kernel's own tables cannot be read, which takes .*EPERM/m,
    );
    assert.equal(warnings(exporter).filter((each) => each.startsWith('sockets are')).length, source === 'bpf' ? 1 : 0);
  });
}

test('an option keeps it out of the kernel', { skip }, async (t) => {
  for (const source of ['sock_diag', 'procfs']) {
    const exporter = await startExporter(t, { args: [`--collector.sockets.source=${source}`] });
    assert.equal(sourceIn(await exporter.scrape()), source);
    assert.deepEqual(listPrograms(exporter.pid), []);
  }
});

/** No thread has kept what loading takes; what finding owners takes is still there. */
function checkThreads(pid: number): void {
  const tasks = readdirSync(`/proc/${pid}/task`);
  assert.ok(tasks.length > 5, `${tasks.length} threads`);
  for (const task of tasks) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      const mask = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)![1]}`);
      assert.equal(mask & LOADING, 0n, `${set} of ${task}`);
    }
    assert.match(status, /^CapEff:\s*0*80000$/m, 'the other one is still there');
  }
}

/** Ids of the programs in the kernel that the process has descriptors of. */
function listPrograms(pid: number): (string | undefined)[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readInfo(pid, fd))
    .filter((info) => info.includes('prog_type'))
    .map((info) => /^prog_id:\s*(\d+)$/m.exec(info)?.[1]);
}

/** Descriptors come and go. */
function readInfo(pid: number, fd: string): string {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
}

function asNobody(held: readonly string[]): readonly string[] {
  const sets = ['-all', ...held.map((name) => `+${name}`)].join();
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'];
  return ['setpriv', ...ids, `--inh-caps=${sets}`, `--ambient-caps=${sets}`, `--bounding-set=${sets}`];
}

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof startExporter>>['scrape']>>;

function sourceIn(page: Page): string | undefined {
  return page.get('tcpstate_source_info')!.samples.find(({ labels }) => labels.collector === 'sockets')?.labels.source;
}

function warnings({ log }: Awaited<ReturnType<typeof startExporter>>): string[] {
  return log.filter(({ level }) => level === 'warn').map(({ msg }) => msg.split("'")[0]!);
}
