import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

const PATIENT = '--owners.time-budget=5s';
const OWN_NAME = 'keeps-closed';
/** Puts a program into a network namespace of its own. */
const ELSEWHERE = [
  ...['unshare', '-n', 'sh', '-ec'],
  'ip link set lo up; ip route add local 10.0.0.0/8 dev lo; exec prlimit --nofile=100 "$0" "$@"',
];

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('descriptors of sockets that their peers have reset are counted, of both families, and no others', {
  skip,
}, async (t) => {
  const sockets = createRawSockets();
  const datagrams = createSocket('udp4').bind(0); // is in no table of TCP either
  const [soft, hard] = limitsNow();
  t.after(() => {
    setLimits(soft, hard);
    datagrams.close();
    sockets.closeAll();
  });
  process.title = OWN_NAME;
  for (const address of ['10.0.0.1', '::1']) {
    const listener = sockets.listen(address, 9400);
    for (let count = 0; count < 12; count++) {
      sockets.connect(sockets.open(address), address, 9400);
      sockets.reset(sockets.accept(listener));
    }
    sockets.connect(sockets.open(address), address, 9400); // this one lives
  }
  sockets.open('10.0.0.1'); // never connected: the kernel lists it nowhere
  const exporter = await startExporter(t, { args: [PATIENT] });
  setLimits(openNow() + 20, hard);
  const pages = [await exporter.scrape(), await exporter.scrape(), await exporter.scrape()];
  assert.equal(valueIn(pages[0]!, 'tcpstate_process_closed_socket_fds', OWN_NAME), undefined);
  assert.equal(valueIn(pages[2]!, 'tcpstate_process_closed_socket_fds', OWN_NAME), 25);
  const allocated = pages[2]!.get('tcpstate_allocated_sockets')!.samples[0]!.value;
  assert.ok(allocated >= 25 + 6, `${allocated} sockets`);
});

test('a process near its limit that owns no socket of this network is there, without a guess at its sockets', {
  skip,
}, async (t) => {
  const puppet = await createSocketPuppets(t).start('elsewhere', ELSEWHERE);
  await puppet.tell('crowd 10.0.0.1 80');
  const exporter = await startExporter(t, { args: [PATIENT] });
  for (let scrape = 0; scrape < 8; scrape++) await exporter.scrape();
  const page = await exporter.scrape();
  const open = valueIn(page, 'tcpstate_process_open_fds', 'elsewhere')!;
  assert.ok(open > 80 && open < 90, `${open} open`);
  assert.equal(valueIn(page, 'tcpstate_process_max_fds', 'elsewhere'), 100);
  assert.equal(valueIn(page, 'tcpstate_process_closed_socket_fds', 'elsewhere'), undefined);
});

function valueIn(page: ReadonlyMap<string, ParsedFamily>, metric: string, process: string): number | undefined {
  return page.get(metric)?.samples.find(({ labels }) => labels.process === process)?.value;
}

function openNow(): number {
  return readdirSync('/proc/self/fd').length;
}

function limitsNow(): [number, number] {
  const out = execFileSync(
    'prlimit',
    ['--pid', String(process.pid), '--nofile', '--output=SOFT,HARD', '--noheadings'],
    {
      encoding: 'utf8',
    },
  );
  return out.trim().split(/\s+/).map(Number) as [number, number];
}

function setLimits(soft: number, hard: number): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${soft}:${hard}`]);
}
