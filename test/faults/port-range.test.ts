import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failingIn, type Page, takePage } from '../support/fakes/outlived-fault.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { createCrowd } from '../support/sockets/crowd.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';

const RANGES: readonly (readonly [first: number, last: number, reserved: string, reservedPorts: number])[] = [
  [40_000, 40_999, '', 0],
  [40_000, 40_199, '', 0],
  [40_000, 40_199, '40000-40049,1', 50],
  [30_000, 39_999, '', 0],
  [20_000, 49_999, '20000-20999', 1000],
  [40_000, 40_999, '', 0],
];
/** One connection on each of these ports, to one destination. */
const USED = { first: 40_000, last: 40_099 } as const;
/** A range in none of those above. */
const ELSEWHERE = '50000 50999';
const DESTINATION = ['10.1.0.1', 443] as const;

const skip = enterNetworkNamespace() ?? false;

test('the range of ephemeral ports is changed while the exporter runs', { skip }, async (t) => {
  setNetworkSetting('ipv4/ip_local_port_range', ELSEWHERE); // for the exporter and the connection it is asked over
  const exporter = await startExporter(t);
  const crowd = createCrowd();
  t.after(crowd.disperse);
  crowd.hold(
    Array.from({ length: USED.last - USED.first + 1 }, (_, index) => ({
      local: ['10.0.0.1', USED.first + index],
      remote: [...DESTINATION],
    })),
  );
  await takePage(exporter);
  const logged = exporter.log.length;
  for (const [first, last, reserved, reservedPorts] of RANGES) {
    await t.test(`${first}–${last} without "${reserved}"`, async () => {
      setNetworkSetting('ipv4/ip_local_port_range', `${first} ${last}`);
      setNetworkSetting('ipv4/ip_local_reserved_ports', reserved);
      for (let scrape = 0; scrape < 2; scrape++) {
        const page = await takePage(exporter);
        assert.deepEqual(failingIn(page), []);
        checkRange(page, first, last, reserved, reservedPorts);
      }
    });
  }
  assert.deepEqual(exporter.log.slice(logged), [], 'nothing fails');
});

function checkRange(page: Page, first: number, last: number, reserved: string, reservedPorts: number): void {
  const value = (metric: string) =>
    page.get(`tcpstate_ephemeral_${metric}`)!.samples.find(({ labels }) => labels.family === 'ipv4')!.value;
  assert.deepEqual([value('port_range_first'), value('port_range_last')], [first, last]);
  const ports = last - first + 1 - reservedPorts;
  assert.equal(value('ports'), ports);
  const used = usedPorts(first, last, reserved);
  assert.equal(value('ports_used'), used, 'used');
  assert.equal(value('utilization_ratio'), used / ports);
  const local = page.get('tcpstate_local_port_sockets')!.samples;
  const ephemeral = local.find(({ labels }) => labels.local_port === 'ephemeral' && labels.state === 'established');
  assert.equal(ephemeral?.value ?? 0, used, 'the others stand under their own ports');
}

/** The ports of ours that are in the range and not reserved. */
function usedPorts(first: number, last: number, reserved: string): number {
  const [from, to] = (/(\d+)-(\d+)/.exec(reserved) ?? []).slice(1).map(Number);
  let used = 0;
  for (let port = USED.first; port <= USED.last; port++) {
    const isReserved = from !== undefined && port >= from && port <= to!;
    if (port >= first && port <= last && !isReserved) used++;
  }
  return used;
}
