import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';

const skip = enterNetworkNamespace() ?? false;

describe('a host whose IPv6 is disabled', { skip }, () => {
  it('is scraped whole, and shows no ephemeral range of a family that nobody can use', async (t) => {
    setNetworkSetting('ipv6/conf/all/disable_ipv6', '1');
    const page = await (await startExporter(t)).scrape();
    const samplesOf = (name: string) => page.get(name)!.samples;
    const failing = samplesOf('tcpstate_scrape_collector_success').filter(({ value }) => value !== 1);
    assert.deepEqual(failing, []);
    assert.ok(samplesOf('tcpstate_scrape_collector_success').length >= 10);
    assert.deepEqual(
      samplesOf('tcpstate_ephemeral_ports').map(({ labels }) => labels.family),
      ['ipv4'],
    );
    const listening = samplesOf('tcpstate_sockets').filter(({ labels }) => labels.state === 'listen');
    assert.deepEqual(
      listening.map(({ labels, value }) => [labels.family, value]),
      [
        ['ipv4', 1],
        ['ipv6', 0],
      ],
    );
  });
});
