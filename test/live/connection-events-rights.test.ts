import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { closeFd, packAttr, tryBpf } from '../../src/platform/linux/bpf/bpf-call.ts';
import { createThreadFaults } from '../support/fakes/thread-faults.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { createConnectionMaker } from '../support/sockets/connection-maker.ts';
import { scrapeAtRest, sumBy, waitUntilReady } from '../support/sockets/event-pages.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const NOBODY = 65_534;
const PORT = 9201;
/** BPF_PROG_GET_FD_BY_ID of include/uapi/linux/bpf.h. */
const GET_PROGRAM = 13;
const RUN = Math.random().toString(36).slice(2, 6).padEnd(4, '0');
const EVENTS = '--collector.connection_events';

const rootOnly = process.getuid?.() === 0 ? undefined : 'skipped: needs root';
const skip = enterNetworkNamespace() ?? missingBpf() ?? missingCompiler() ?? rootOnly ?? false;

test('the programs are attached before the capabilities are given up, count on when the thread is replaced, and go with kill -9', {
  skip,
}, async (t) => {
  const faults = createThreadFaults(t);
  const launcher = [...asNobody(['bpf', 'perfmon', 'sys_ptrace', 'dac_read_search']), ...faults.launcher];
  const exporter = await startExporter(t, { launcher, args: [EVENTS, '--limit.connection-events=5000'] });
  await waitUntilReady(exporter);
  const capabilities = readFileSync(`/proc/${exporter.pid}/status`, 'utf8');
  assert.match(capabilities, /^CapPrm:\s*0*80004$/m, 'those for owners are left');
  const maker = createConnectionMaker(t);
  await maker.serve(`${RUN}-srv`, '127.0.0.1', PORT, 'client');
  maker.call(`${RUN}-a`, ['127.0.0.1', PORT], 100, 'close');
  assert.equal(await countOf(`${RUN}-a`), 100);
  const programs = attachedBy(exporter.pid);
  assert.equal(programs.length, 2);

  faults.begin('exit');
  await exporter.scrape();
  faults.end();
  await waitUntilReady(exporter);
  assert.deepEqual(attachedBy(exporter.pid), programs, 'the same programs');
  maker.call(`${RUN}-a`, ['127.0.0.1', PORT], 50, 'close');
  assert.equal(await countOf(`${RUN}-a`), 150);

  await exporter.stop('SIGKILL');
  for (let tries = 0; programs.some(exists); tries++) {
    assert.ok(tries < 1000, 'the programs are still there');
    await delay(20);
  }

  async function countOf(name: string): Promise<number | undefined> {
    return sumBy(await scrapeAtRest(exporter, RUN), 'tcpstate_connects_total', 'process')[name];
  }
});

test('where it may not be loaded, the log says why, and all else goes on', { skip }, async (t) => {
  const exporter = await startExporter(t, { launcher: asNobody(['sys_ptrace', 'dac_read_search']), args: [EVENTS] });
  await waitUntilReady(exporter);
  const page = await exporter.scrape();
  const success = sumBy(page, 'tcpstate_scrape_collector_success', 'collector');
  assert.equal(success.connection_events, undefined);
  assert.equal(success.sockets, 1);
  assert.equal(page.has('tcpstate_connects_total'), false);
  assert.match(
    JSON.stringify(exporter.log),
    /connection events take CAP_BPF, CAP_PERFMON and Linux 5\.17 with BTF: .*EPERM/,
  );
});

test('without the flag nothing is attached', { skip }, async (t) => {
  const exporter = await startExporter(t);
  await waitUntilReady(exporter);
  assert.equal((await exporter.scrape()).has('tcpstate_connection_events_lost_total'), false);
  assert.deepEqual(attachedBy(exporter.pid), []);
});

/** Ids of the programs that a process keeps attached. */
function attachedBy(pid: number): number[] {
  const links = readdirSync(`/proc/${pid}/fd`).filter((fd) => isLink(`/proc/${pid}/fd/${fd}`));
  return links
    .map((fd) => Number(/^prog_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1]))
    .sort();
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('anon_inode:bpf_link') || readlinkSync(path) === 'anon_inode:bpf-link';
  } catch {
    return false; // closed since it was listed
  }
}

function exists(program: number): boolean {
  const fd = tryBpf(GET_PROGRAM, packAttr(16, [[0, program]]));
  if (fd < 0) return false;
  closeFd(fd);
  return true;
}

function asNobody(held: readonly string[]): readonly string[] {
  const sets = ['-all', ...held.map((name) => `+${name}`)].join();
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'];
  return ['setpriv', ...ids, `--inh-caps=${sets}`, `--ambient-caps=${sets}`, `--bounding-set=${sets}`];
}
