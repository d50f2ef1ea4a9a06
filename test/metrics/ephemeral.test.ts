import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ephemeralFamilies } from '../../src/metrics/ephemeral.ts';
import type { MetricFamily } from '../../src/metrics/family.ts';
import type { EphemeralRules } from '../../src/model/ephemeral-rules.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

const RULES: EphemeralRules = {
  ranges: { ipv4: { first: 1000, last: 1009, excluded: [{ first: 1008, last: 2000 }] } },
  heldAgainst: 'destination',
  timeWaitReuse: { scope: 'never', afterMs: 0 },
  timeWaitMs: 60_000,
};

test('keeps the range, without excluded ports and without a family that has none, when the sockets could not be read', () => {
  assert.deepEqual(valuesOf(ephemeralFamilies(RULES, undefined)), {
    tcpstate_ephemeral_port_range_first: { ipv4: 1000 },
    tcpstate_ephemeral_port_range_last: { ipv4: 1009 },
    tcpstate_ephemeral_ports: { ipv4: 8 },
  });
});

test('leaves out the ratio of a range without ports', () => {
  const sockets = LINUX_SNAPSHOT.sockets!;
  const empty = {
    family: 'ipv6',
    first: 10,
    last: 10,
    ports: 0,
    used: 0,
    blocked: 0,
    listening: 0,
    utilization: undefined,
  } as const;
  const ephemeral = { families: [empty], destinations: { cells: [], folded: 0 }, listeners: [], holders: [] };
  assert.deepEqual(valuesOf(ephemeralFamilies(RULES, { ...sockets, ephemeral })), {
    tcpstate_ephemeral_port_range_first: { ipv6: 10 },
    tcpstate_ephemeral_port_range_last: { ipv6: 10 },
    tcpstate_ephemeral_ports: { ipv6: 0 },
    tcpstate_ephemeral_ports_used: { ipv6: 0 },
    tcpstate_ephemeral_ports_blocked: { ipv6: 0 },
    tcpstate_ephemeral_ports_listening: { ipv6: 0 },
  });
});

test('says in the help what ports_used and the ratio have to do with bind(address, 0)', () => {
  const families = ephemeralFamilies(RULES, undefined);
  for (const name of ['tcpstate_ephemeral_ports_used', 'tcpstate_ephemeral_utilization_ratio']) {
    const help = families.find((family) => family.name === name)?.help ?? '';
    assert.match(help, /bind\(address, 0\) fails|ports_bound_estimated/, name);
  }
});

/** Values by metric and first label, of the families that have samples. */
function valuesOf(families: readonly MetricFamily[]): Record<string, Record<string, number>> {
  return Object.fromEntries(
    families
      .filter(({ samples }) => samples.length > 0)
      .map(({ name, samples }) => [name, Object.fromEntries(samples.map(({ labels, value }) => [labels[0], value]))]),
  );
}
