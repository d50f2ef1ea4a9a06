import assert from 'node:assert/strict';
import { parseConfigFile } from '../../../src/config/file/config-file.ts';
import type { FilterRules } from '../../../src/model/file-config.ts';
import { createFilters } from '../../../src/model/filters.ts';
import { formatAddress, isIpv4 } from '../../../src/model/ip-address.ts';
import { createProcessNamer, piecesOf } from '../../../src/model/process-namer.ts';
import { createRemoteNames } from '../../../src/model/remote-names.ts';
import { answerOf, type FuzzTarget } from '../target.ts';

const REFUSAL = { name: 'ConfigRefusal', says: /^names\.yml:\d+:\d+: (?!.*call stack)[^\p{Cc}\u2028\u2029]+$/u };

export const CONFIG_FILE: Readonly<Record<string, FuzzTarget>> = {
  'config-file': {
    drives: [
      'config/file/config-file.ts#parseConfigFile',
      'config/file/destination-rules.ts#readDestinationRules',
      'config/file/filter-rules.ts#readFilterRules',
      'config/filter-entries.ts#parsePorts',
      'config/filter-entries.ts#parseNetworks',
      'config/filter-entries.ts#parseNamePattern',
      'config/network.ts#parseNetwork',
      'config/file/host-thresholds.ts#readHostThresholds',
      'config/file/process-rules.ts#readProcessRules',
      'model/filters.ts#createFilters',
      'model/remote-names.ts#createRemoteNames',
    ],
    holds:
      'rules that can be used, that name, or leave out, the first address of their own network, or one line with file, line and column',
    seeds: () => [
      'destinations:\n  10.0.0.50/32:5432: postgres-primary\n  10.0.0.0/24: backend\n  2001:db8::/32:443: web\n',
      'destinations: {"[2001:db8::1]:443": a, ::ffff:10.0.0.0/104: b, 0.0.0.0/0: c}\n',
      'processes:\n  - {process: java, command_line: "*-Dapp={app}*", name: "{app}"}\n  - name: "{script}"\n',
      'processes: [{unit: shop-*, name: shop}, {container: "{a}-{b}", name: "{b}{unit}"}]\n',
      'thresholds: {TcpSynSentPiling: 500, TcpEphemeralPortsHigh: 0.8}\n',
      'filters: {local_port: {exclude: [22, 8000-8999]}, remote_port: {include: [443]}, drop: true}\n',
      'filters:\n  remote_ip: {include: [10.0.0.0/8], exclude: [loopback, "2001:db8::/32"]}\n  process: {exclude: ["kube*", n?de]}\n  unit: {include: [a]}\n',
      'destinations: &a {10.0.0.1: x}\nthresholds: *a\n',
      '',
    ],
    longestInput: 16_384,
    words: [
      '/',
      ':',
      '::',
      '[',
      ']',
      '"',
      '/32',
      '/128',
      ':65535',
      'other',
      'loopback',
      'exclude: [',
      'include: [',
      '*',
      '?',
      '\n  ',
      '{',
      '}',
      '*a',
      '&a ',
      '-1',
      '.inf',
    ],
    run(input) {
      const config = answerOf(() => parseConfigFile(input.toString(), 'names.yml'), REFUSAL);
      if (config === undefined) return;
      const nameOf = createRemoteNames(config.destinations);
      for (const { network, prefix, port = '' } of config.destinations) {
        const isV4 = isIpv4(network[0], network[1], network[2]);
        assert.ok(prefix >= 0 && prefix <= (isV4 ? 32 : 128));
        const name = nameOf(formatAddress(network), port);
        assert.ok(
          config.destinations.some((rule) => rule.name === name),
          name,
        );
      }
      assertFilters(config.filters);
      const nameProcess = createProcessNamer(config.processes);
      for (const { name, traits } of config.processes) {
        assert.ok(name.length <= 64 && !piecesOf(name).includes('command_line'));
        assert.ok(traits.length > 0 || piecesOf(name).length > 0);
        assert.equal(
          nameProcess(() => ''),
          '',
          'what has nothing fits no rule',
        );
      }
      for (const value of Object.values(config.thresholds)) assert.ok(Number.isFinite(value) && value >= 0);
    },
  },
};

function assertFilters(rules: FilterRules | undefined): void {
  const filters = createFilters(rules);
  for (const { network } of rules?.remoteIp?.exclude ?? []) assert.equal(filters!.isPeerOut!(network), true);
  for (const { first, last } of rules?.localPort?.exclude ?? []) {
    assert.ok(first >= 1 && first <= last && last <= 65_535);
    assert.deepEqual([filters!.localPorts![first], filters!.localPorts![last]], [1, 1]);
  }
  for (const name of rules?.process?.exclude ?? []) assert.equal(filters!.isProcessOut!(name), true, name);
}
