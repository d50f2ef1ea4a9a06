import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCommand } from '../../src/config/config.ts';
import { configOf, refusalOf } from '../support/files/given-config.ts';

describe('collector flags', () => {
  it('turn single collectors off', () => {
    const config = configOf(['--no-collector.units'], { TCPSTATE_COLLECTOR_MEMORY: 'false' });
    assert.equal(config.collectors.has('units'), false);
    assert.equal(config.collectors.has('memory'), false);
    assert.equal(config.collectors.size, configOf([]).collectors.size - 2);
  });

  it('turn single collectors on when the others are off', () => {
    const config = configOf(['--collector.disable-defaults', '--collector.sockets', '--collector.counters=true']);
    assert.deepEqual([...config.collectors].toSorted(), ['counters', 'sockets']);
  });

  it('turn on the one that is off by default', () => {
    assert.equal(configOf([]).collectors.has('connection_events'), false);
    assert.equal(configOf(['--collector.connection_events']).collectors.has('connection_events'), true);
    const variable = { TCPSTATE_COLLECTOR_CONNECTION_EVENTS: 'true' };
    assert.equal(configOf([], variable).collectors.size, configOf([]).knownCollectors.length);
  });

  it('of another platform are taken, on and off, by flag and variable, and change nothing', () => {
    for (const [platform, name] of [
      ['linux', 'port_exhaustion_events'],
      ['windows', 'conntrack'],
    ] as const) {
      const plain = configOf([], {}, platform);
      assert.equal((plain.knownCollectors as readonly string[]).includes(name), false);
      const variable = `TCPSTATE_COLLECTOR_${name.toUpperCase()}`;
      assert.deepEqual(configOf([`--no-collector.${name}`], {}, platform), plain);
      assert.deepEqual(configOf([`--collector.${name}`], {}, platform), plain);
      assert.deepEqual(configOf([], { [variable]: 'false' }, platform), plain);
      const only = configOf(['--collector.disable-defaults', `--collector.${name}`], {}, platform);
      assert.deepEqual([...only.collectors], []);
      const help = readCommand(platform, ['--help'], {});
      assert.ok(help.kind === 'help' && !help.text.includes(`collector.${name}`));
    }
    assert.match(
      refusalOf(['--no-collector.thermal_zone']),
      /^unknown flag --no-collector\.thermal_zone: there is .*--collector\.sockets/,
    );
  });
});
