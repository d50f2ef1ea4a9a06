import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createFaultShim } from '../support/fakes/fault-shim.ts';
import { countDescriptors, failingIn, outliveFault, takePage } from '../support/fakes/outlived-fault.ts';
import { createThreadFaults } from '../support/fakes/thread-faults.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { type RunningExporter, startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const ROOMY = 4096;
/** What has its descriptors already goes on: the sockets. */
const CANNOT_READ = ['conntrack', 'counters', 'ephemeral_ports', 'memory', 'netns', 'processes', 'settings'] as const;
const STORMS = 5;
const CONNECTIONS = 20;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('no descriptor is left to open files', { skip }, async (t) => {
  const exporter = await startExporter(t);
  await takePage(exporter);
  await outliveFault(exporter, {
    begin: () => leaveNoDescriptor(exporter),
    end: () => limitDescriptors(exporter, ROOMY),
    failing: CANNOT_READ,
    error: /: EMFILE/,
  });
});

test('no descriptor is left to accept connections', { skip }, async (t) => {
  const exporter = await startExporter(t);
  await takePage(exporter);
  await takePage(exporter);
  const descriptors = countDescriptors(exporter);
  const logged = exporter.log.length;
  leaveNoDescriptor(exporter);
  for (let storm = 0; storm < STORMS; storm++) {
    const clients = Array.from({ length: CONNECTIONS }, () =>
      connect(exporter.port, '127.0.0.1').on('error', () => {}),
    );
    const failing = failingIn(await takePage(exporter)); // who is connected is served
    for (const name of ['sockets', 'units', 'namespace']) assert.ok(!failing.includes(name), failing.join());
    for (const client of clients) client.destroy();
  }
  limitDescriptors(exporter, ROOMY);
  assert.equal((await exporter.getApart('/-/healthy')).status, 200);
  assert.deepEqual(failingIn(await takePage(exporter)), []);
  await untilDescriptors(exporter, descriptors);
  const told = exporter.log.slice(logged).filter(({ msg }) => /^collectors? fail/.test(msg));
  assert.ok(told.length >= 1 && told.length <= STORMS + 1, JSON.stringify(told));
});

test('accept() fails for other reasons', { skip }, async (t) => {
  const shim = createFaultShim(t);
  const exporter = await startExporter(t, { launcher: shim.launcher });
  await takePage(exporter);
  shim.begin({ action: 'accept', errno: 'ENOMEM', times: 10 });
  assert.equal((await exporter.getApart('/-/healthy')).status, 200, 'who waits is accepted in the end');
  shim.begin({ action: 'accept', errno: 'EPERM', times: 10 });
  assert.equal((await exporter.getApart('/-/healthy')).status, 200);
  shim.end();
  assert.deepEqual(failingIn(await takePage(exporter)), []);
});

test('the thread is lost while no descriptor is left', { skip }, async (t) => {
  const faults = createThreadFaults(t);
  const exporter = await startExporter(t, {
    launcher: faults.launcher,
    args: ['--collector.sockets.source=sock_diag'],
  });
  await takePage(exporter);
  await takePage(exporter);
  const descriptors = countDescriptors(exporter);
  leaveNoDescriptor(exporter);
  faults.begin('exit');
  await takePage(exporter);
  faults.end();
  for (let scrape = 0; scrape < 20; scrape++) {
    assert.ok(failingIn(await takePage(exporter)).length > 5);
    await delay(20);
  }
  limitDescriptors(exporter, ROOMY);
  for (let waits = 0; (await exporter.get('/-/ready')).status !== 200; waits++) {
    assert.ok(waits < 1000, 'the thread does not come back');
    await delay(20);
  }
  const page = await takePage(exporter);
  assert.deepEqual(failingIn(page), []);
  const sources = page.get('tcpstate_source_info')!.samples.map(({ labels }) => `${labels.collector} ${labels.source}`);
  assert.ok(sources.includes('sockets sock_diag'), sources.join());
  await untilDescriptors(exporter, descriptors);
  const errors = exporter.log.filter(({ level }) => level === 'error');
  assert.ok(errors.length <= 4, JSON.stringify(errors));
});

function limitDescriptors({ pid }: RunningExporter, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

/** The limit is a number that no new descriptor reaches: the lowest one that is free. */
function leaveNoDescriptor(exporter: RunningExporter): void {
  const open = new Set(readdirSync(`/proc/${exporter.pid}/fd`).map(Number));
  let lowestFree = 0;
  while (open.has(lowestFree)) lowestFree++;
  limitDescriptors(exporter, lowestFree);
}

/** Connections that were closed give theirs back a moment later. */
async function untilDescriptors(exporter: RunningExporter, most: number): Promise<void> {
  for (let waits = 0; countDescriptors(exporter) > most; waits++) {
    assert.ok(waits < 250, `${countDescriptors(exporter)} descriptors, ${most} before`);
    await delay(20);
  }
}
