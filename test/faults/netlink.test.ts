import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectorName } from '../../src/model/collectors.ts';
import { createFaultShim, type Fault } from '../support/fakes/fault-shim.ts';
import { failingIn, outliveFault, takePage } from '../support/fakes/outlived-fault.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { createCrowd } from '../support/sockets/crowd.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { createSocketsByState } from '../support/sockets/sockets-by-state.ts';

/** More than one datagram of a dump holds. */
const SOCKETS = 1000;
/** What cannot be told without the sockets. */
const ALL_OF_SOCKETS: readonly CollectorName[] = ['close_wait', 'processes', 'sockets', 'units'];
const AGES: readonly CollectorName[] = ['close_wait'];
const NONE: readonly CollectorName[] = [];
const BY_NETLINK = ['--collector.sockets.source=sock_diag'];
/** A request that is lost costs two seconds each time. */
const FEW = 2;

const FAULTS: readonly (readonly [
  what: string,
  fault: Fault,
  failing: readonly CollectorName[],
  error: RegExp,
  scrapes?: number,
])[] = [
  ['netlink is refused', { action: 'netlink', errno: 'EPERM' }, ALL_OF_SOCKETS, /NETLINK_SOCK_DIAG\): EPERM$/],
  [
    'the dump is refused',
    { action: 'refusal', errno: 'EPERM' },
    ALL_OF_SOCKETS,
    /the kernel ended the socket dump: EPERM/,
  ],
  ['the request cannot be sent', { action: 'send', errno: 'ENOMEM' }, ALL_OF_SOCKETS, /send.*ENOMEM/],
  ['the dump dies in the middle', { action: 'recv', errno: 'ENOMEM', datagram: 3 }, ALL_OF_SOCKETS, /recv.*ENOMEM/],
  ['the dump ends in the middle', { action: 'closed', datagram: 3 }, ALL_OF_SOCKETS, /closed by the kernel/],
  ['a datagram is cut', { action: 'cut', datagram: 2 }, ALL_OF_SOCKETS, /EBADMSG/],
  ['every datagram is cut', { action: 'cut' }, ALL_OF_SOCKETS, /EBADMSG/],
  [
    'NLMSG_DONE carries an error',
    { action: 'done', errno: 'ENOMEM' },
    ALL_OF_SOCKETS,
    /the kernel ended the socket dump: ENOMEM/,
  ],
  ['every dump is interrupted', { action: 'interrupted' }, ALL_OF_SOCKETS, /NLM_F_DUMP_INTR/],
  ['recv() says EINTR for ever', { action: 'recv', errno: 'EINTR' }, ALL_OF_SOCKETS, /recv.*EINTR/],
  ['recv() says ENOBUFS each time', { action: 'recv', errno: 'ENOBUFS', datagram: 2 }, ALL_OF_SOCKETS, /recv.*ENOBUFS/],
  ['requests are lost', { action: 'silence' }, ALL_OF_SOCKETS, /recv.*EAGAIN/, FEW],
  ['the ages are refused', { action: 'refusal', errno: 'EPERM', ages: true }, AGES, /EPERM/],
  ['the dump of ages dies', { action: 'recv', errno: 'ENOMEM', ages: true }, AGES, /recv.*ENOMEM/],
  ['signals come now and then', { action: 'recv', errno: 'EINTR', times: 15 }, NONE, /./, 2],
  ['a signal meets the request', { action: 'send', errno: 'EINTR', times: 1 }, NONE, /./, 2],
  ['the buffer is full twice', { action: 'recv', errno: 'ENOBUFS', datagram: 3, times: 2 }, NONE, /./, 2],
  ['a dump is interrupted', { action: 'interrupted', times: 1 }, NONE, /./, 2],
];

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

test('faults of netlink', { skip }, async (t) => {
  addSilentNetworks();
  const shim = createFaultShim(t);
  const exporter = await startExporter(t, { launcher: shim.launcher, args: BY_NETLINK });
  const crowd = createCrowd();
  const { connected, close } = createSocketsByState();
  t.after(async () => {
    await crowd.disperse();
    close();
  });
  crowd.hold(
    Array.from({ length: SOCKETS }, (_, index) => ({ local: ['10.0.0.1', 20_000 + index], remote: ['10.1.0.1', 443] })),
  );
  connected('close_wait', ['10.2.0.1', 80], ['192.0.2.1', 1001]); // so that ages are asked for
  for (let scrape = 0; scrape < 2; scrape++) assert.deepEqual(failingIn(await takePage(exporter)), []);

  for (const [what, fault, failing, error, scrapes] of FAULTS) {
    await t.test(what, async () => {
      const pages = await outliveFault(exporter, {
        begin: () => shim.begin(fault),
        end: shim.end,
        failing,
        error,
        ...(scrapes !== undefined && { scrapes }),
      });
      for (const page of pages) {
        assert.equal(page.has('tcpstate_sockets'), failing !== ALL_OF_SOCKETS, 'a part of the sockets is no count');
        assert.equal(page.has('tcpstate_close_wait_oldest_seconds'), failing === NONE);
        const { samples } = page.get('tcpstate_sockets') ?? { samples: [] };
        const established = samples.find(({ labels }) => labels.state === 'established' && labels.family === 'ipv4');
        if (failing !== ALL_OF_SOCKETS) assert.equal(established?.value, SOCKETS + 2);
      }
    });
  }
});

test('trouble at start does not cost inet_diag for good', { skip }, async (t) => {
  const shim = createFaultShim(t);
  shim.begin({ action: 'netlink', errno: 'ENOMEM' });
  const exporter = await startExporter(t, { launcher: shim.launcher, args: BY_NETLINK });
  assert.deepEqual(failingIn(await takePage(exporter)), [...ALL_OF_SOCKETS]);
  shim.end();
  const page = await takePage(exporter);
  assert.deepEqual(failingIn(page), []);
  const sources = page.get('tcpstate_source_info')!.samples.map(({ labels }) => `${labels.collector} ${labels.source}`);
  assert.ok(sources.includes('sockets sock_diag'), sources.join());
  assert.ok(page.get('tcpstate_sockets')!.samples.some(({ labels }) => labels.state === 'close'));
});
