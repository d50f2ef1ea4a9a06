import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EphemeralFamilyUse, EphemeralUse } from '../../src/model/socket-counts.ts';
import { destination, findingsOf, HEALTHY, kindsOf, PORTS, rangeUse, withSockets } from './hosts.ts';

const listener = (localPort: string, process: string) => ({ localPort, process, sockets: 1 });
const LISTENERS = [listener('40000', 'ftpd'), listener('40001', 'ftpd'), listener('50000', 'grpc')];
const BOUND = { cells: [{ process: 'proxy', ports: 9000 }], folded: 0 };

/** A host whose ports are held for every destination. */
function holding(use: Partial<EphemeralFamilyUse>, more: Partial<EphemeralUse> = {}) {
  const held = use.blocked! + (use.bound ?? use.boundEstimate ?? 0);
  const families = (['ipv4', 'ipv6'] as const).map((family) =>
    rangeUse({ family, used: held, utilization: held / PORTS, ...use }),
  );
  const ephemeral = { ...HEALTHY.sockets!.ephemeral!, families, listeners: LISTENERS, ...more };
  return withSockets({ ephemeral });
}

describe('ports that listeners take', () => {
  it('are told as what they are, with the server that has most, and nobody is told to do without bind()', () => {
    const [finding, ...others] = findingsOf(holding({ blocked: PORTS, listening: PORTS }, { processes: BOUND }));
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['ports_exhausted_by_listeners', 'critical']);
    assert.match(finding!.headline, /: 28,232 of 28,232 taken by listeners, for every destination\.$/);
    assert.deepEqual(finding!.details, ['ftpd listens on 2 ports of the range, most of all', 'range 32768-60999']);
    assert.equal(finding!.owner?.process, 'ftpd');
    assert.match(finding!.do, /^Give ftpd ports outside of the range .* net\.ipv4\.ip_local_reserved_ports\.$/);
    assert.doesNotMatch(finding!.do + finding!.means, /bind\(|pool/);
    assert.deepEqual([finding!.alert, finding!.numbers.listening], ['TcpEphemeralPortsExhausted', PORTS]);
  });

  it('are a warning below the limit, with the same advice', () => {
    const [finding] = findingsOf(holding({ blocked: 20_000, listening: 20_000 }));
    assert.deepEqual([finding!.kind, finding!.severity], ['ports_high_by_listeners', 'warning']);
    assert.match(finding!.do, /^Give ftpd ports outside/);
  });

  it('have at least so many where the page adds up the rest', () => {
    const listeners = [...LISTENERS, { localPort: 'other', process: 'other', sockets: 9 }];
    const [finding] = findingsOf(holding({ blocked: PORTS, listening: PORTS }, { listeners }));
    assert.match(finding!.details[0]!, /^ftpd listens on at least 2 ports/);
  });

  it('are told beside those of bind(), and what takes more decides about the advice', () => {
    const more = { processes: BOUND };
    const [most] = findingsOf(holding({ blocked: 19_232, listening: 19_232, boundEstimate: 9000 }, more));
    assert.equal(most!.kind, 'ports_exhausted_by_listeners');
    assert.match(most!.headline, /taken: 19,232 by listeners, 9,000 by bind\(\) before connect\(\), for every dest/);
    assert.deepEqual(most!.details.slice(0, 2), [
      'ftpd listens on 2 ports of the range, most of all',
      'proxy holds 9,000 ports, most of all',
    ]);
    const [least] = findingsOf(holding({ blocked: 9232, listening: 9000, bound: 19_000 }, more));
    assert.equal(least!.kind, 'ports_exhausted_by_bound');
    assert.match(least!.headline, /taken: 19,000 by bind\(\) before connect\(\), 9,000 by listeners, 232 by bound soc/);
    assert.equal(least!.owner?.process, 'proxy');
  });

  it('are told beside the connections to the busiest destination', () => {
    const destinations = { cells: [destination({ portsUsed: 8232 })], folded: 0 };
    const [finding] = findingsOf(holding({ blocked: 20_000, listening: 20_000, utilization: 1 }, { destinations }));
    assert.match(finding!.headline, /taken: 20,000 by listeners, 8,232 by connections to the busiest destination\.$/);
  });

  it('are none of the causes where a destination takes more', () => {
    const destinations = { cells: [destination({ portsUsed: 18_232 })], folded: 0 };
    const families = [rangeUse({ blocked: 10_000, listening: 10_000, utilization: 1 })];
    const host = withSockets({ ephemeral: { ...HEALTHY.sockets!.ephemeral!, families, destinations } });
    assert.deepEqual(kindsOf(host), ['ports_exhausted_by_connections']);
  });
});
