import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CollectorName, collectorsOf } from '../../../src/model/collectors.ts';
import type { AskedByCommand } from '../../../src/platform/windows/commands/commands.ts';
import type { Refreshed } from '../../../src/platform/windows/commands/refreshed.ts';
import type { Advapi32 } from '../../../src/platform/windows/dll/advapi32.ts';
import { createFactCollectors } from '../../../src/platform/windows/facts.ts';
import { fakeIphlpapi } from './fake-calls.ts';

const RANGE = { first: 49_152, last: 65_535, excluded: [] };
const COMMANDS: AskedByCommand = {
  ranges: { ipv4: known(RANGE), ipv6: known(RANGE) },
  exhaustionEvents: known({ 4227: 3, 4231: 0 }),
  isFirstDone: Promise.resolve(),
  stop() {},
};

describe('createFactCollectors', () => {
  it('has the collectors of Windows that need no socket table, in the order of the list', () => {
    const wanted = collectorsOf('windows').map(({ name }) => name);
    const names = open(wanted).map(({ name }) => name);
    assert.deepEqual(
      names,
      wanted.filter((name) => names.includes(name)),
    );
    assert.deepEqual(names, ['ephemeral_ports', 'counters', 'settings', 'port_exhaustion_events']);
  });

  it('has none that is off', () => {
    assert.deepEqual(
      open(['settings']).map(({ name }) => name),
      ['settings'],
    );
  });

  it('takes the length of TIME_WAIT into the rules, and does without it when the registry refuses', () => {
    const rulesOf = (registryCode: number) => open(['ephemeral_ports'], registryCode)[0]!.collect().ephemeral;
    assert.equal(rulesOf(0)?.timeWaitMs, 60_000);
    assert.deepEqual(rulesOf(5), { ...rulesOf(0), timeWaitMs: undefined });
  });

  it('gives what the commands told', () => {
    assert.deepEqual(open(['port_exhaustion_events'])[0]!.collect(), { portExhaustionEvents: { 4227: 3, 4231: 0 } });
  });
});

function open(collectors: readonly CollectorName[], registryCode = 0) {
  const advapi32 = {
    regGetValue(...args: Parameters<Advapi32['regGetValue']>) {
      args[5][0] = 60;
      return registryCode;
    },
  } as Advapi32;
  const iphlpapi = fakeIphlpapi({ getTcpStatisticsEx: () => 0 });
  return createFactCollectors({ iphlpapi, advapi32, commands: COMMANDS }, new Set(collectors));
}

function known<Value>(value: Value): Refreshed<Value> {
  return { read: () => value, isFirstDone: Promise.resolve(), stop() {} };
}
