import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EventCount,
  type EventFlow,
  type EventGrowth,
  type EventOwner,
  type ReadEvents,
} from '../../src/model/connection-events.ts';
import { createFilters } from '../../src/model/filters.ts';
import { parseAddress } from '../../src/model/ip-address.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createEventsTally, type EventContext } from '../../src/tally/connection-events.ts';

const LOST = { owners: 1, flows: 2, connections: 3 };
const CONTEXT: EventContext = {
  nameOfInterface: (index) => `link${index}`,
  unitOf: (cgroup) => (cgroup === 7n ? 'web.service' : undefined),
  listeners: new Map([
    [80, { process: 'nginx', cgroup: 7n, isPending: false }],
    [81, { process: undefined, cgroup: 0n, isPending: false }],
  ]),
  nowMs: 0,
};
const web: EventOwner = { name: 'web', cgroup: 7n };

function outbound(owner: EventOwner, address: string | undefined, numbers: Record<number, number>): EventFlow {
  const remote = address === undefined ? undefined : { words: parseAddress(address)!, port: 443 };
  return { owner, isOutbound: true, remote, localPort: undefined, isOwn: false, grown: growthOf(numbers) };
}

function inbound(owner: EventOwner, localPort: number | undefined, isOwn = true): EventFlow {
  const grown = growthOf({ [EventCount.opened]: 1 });
  return { owner, isOutbound: false, remote: undefined, localPort, isOwn, grown };
}

function growthOf(numbers: Record<number, number>): EventGrowth {
  return Object.entries(numbers).flatMap(([index, number]) => [Number(index), number]);
}

function reading(...flows: readonly EventFlow[]): ReadEvents {
  return (each) => {
    flows.forEach(each);
    return LOST;
  };
}

/** A later page: on the first one all counters are 0, and who is nameless waits for a listener. */
function tallyTwice(flows: readonly EventFlow[], limits = DEFAULT_LIMITS, context = CONTEXT) {
  const tally = createEventsTally(limits);
  tally(reading(...flows), context);
  for (let waits = 0; waits < 5; waits++) tally(reading(), context);
  return tally(reading(), context);
}

describe('createEventsTally', () => {
  it('adds up flows that look the same on the page', () => {
    const same = [outbound(web, '10.0.0.1', { 0: 2 }), outbound({ name: 'web', cgroup: 7n }, '10.0.0.1', { 0: 3 })];
    const { outbound: cells, lost } = tallyTwice(same);
    assert.deepEqual(
      cells.map(({ counts, ...labels }) => [labels, counts[0]]),
      [[{ process: 'web', unit: 'web.service', remoteIp: '10.0.0.1', remotePort: '443' }, 5]],
    );
    assert.deepEqual(lost, LOST);
  });

  it('names who is unknown or has no place, and makes names printable and unmistakable', () => {
    const owners: EventOwner[] = ['unknown', 'other', { name: 'other', cgroup: 0n }, { name: 'a\u001b', cgroup: 1n }];
    const { outbound: cells } = tallyTwice(owners.map((owner) => outbound(owner, '::1', { 0: 1 })));
    assert.deepEqual(cells.map(({ process, unit, remoteIp }) => [process, unit, remoteIp]).sort(), [
      ['a\\x1b', 'unknown', '::1'],
      ['other', 'other', '::1'],
      ['other_', 'unknown', '::1'],
      ['unknown', 'unknown', '::1'],
    ]);
  });

  it('keeps the process of a flow whose destination found no place', () => {
    const { outbound: cells } = tallyTwice([outbound(web, undefined, { 0: 4 })]);
    const [{ process, remoteIp, remotePort }] = cells as [(typeof cells)[0]];
    assert.deepEqual([process, remoteIp, remotePort], ['web', 'other', 'other']);
  });

  it('counts what filters leave out in filtered, which takes no place, and begins anew when they change', () => {
    const filters = createFilters({
      remoteIp: { exclude: [{ network: parseAddress('10.0.0.0')!, prefix: 8 }] },
      localPort: { exclude: [{ first: 80, last: 80 }] },
      process: { exclude: ['cron'] },
      isDropped: true,
    });
    const flows = [
      outbound(web, '10.0.0.1', { 0: 2 }),
      outbound(web, '192.0.2.1', { 0: 3, [EventCount.lifetimes]: 3 }),
      outbound({ name: 'cron', cgroup: 7n }, '192.0.2.1', { 0: 4, [EventCount.lifetimes]: 4 }),
      outbound(web, undefined, { 0: 5 }),
      inbound(web, 80),
      inbound(web, 81),
    ];
    const tally = createEventsTally({ ...DEFAULT_LIMITS, connectionEvents: 2 });
    const turn = (context: EventContext, came: readonly EventFlow[] = []) => {
      const { outbound: out, inbound: into, lifetimes, folded } = tally(reading(...came), context);
      return {
        folded,
        out: out.map(({ process, remoteIp, counts }) => [process, remoteIp, counts[0]]).sort(),
        into: into.map(({ process, localPort, counts }) => [process, localPort, counts[0]]).sort(),
        lifetimes: lifetimes.map(({ process, counts }) => [process, counts[EventCount.lifetimes]]).sort(),
      };
    };
    turn({ ...CONTEXT, filters }, flows);
    assert.deepEqual(turn({ ...CONTEXT, filters }), {
      folded: { outbound: 0, inbound: 0, lifetimes: 0 },
      out: [
        ['filtered', 'filtered', 6],
        ['web', '192.0.2.1', 3],
        ['web', 'other', 5],
      ],
      into: [
        ['filtered', 'filtered', 1],
        ['web', '81', 1],
      ],
      lifetimes: [
        ['filtered', 4],
        ['web', 3],
      ],
    });
    assert.deepEqual(turn(CONTEXT), {
      folded: { outbound: 0, inbound: 0, lifetimes: 0 },
      out: [],
      into: [],
      lifetimes: [],
    });
  });

  it('has one counter for what nobody can tell and for what is beyond the limit', () => {
    const ended = (opened: number) => ({ 0: opened, [EventCount.lifetimes]: opened });
    const flows = [
      outbound('other', undefined, ended(9)),
      outbound('other', '192.0.2.1', ended(7)),
      outbound(web, '192.0.2.2', ended(2)),
      outbound({ name: 'cron', cgroup: 7n }, '192.0.2.3', ended(1)),
      inbound('other', undefined, false),
      inbound(web, 80),
      inbound(web, 81),
    ];
    const { outbound: out, inbound: into, lifetimes } = tallyTwice(flows, { ...DEFAULT_LIMITS, connectionEvents: 1 });
    assert.deepEqual(out.map(({ process, remoteIp, counts }) => [process, remoteIp, counts[0]]).sort(), [
      ['other', '192.0.2.1', 7],
      ['other', 'other', 12],
    ]);
    assert.deepEqual(into.map(({ process, localPort, counts }) => [process, localPort, counts[0]]).sort(), [
      ['other', 'other', 2],
      ['web', '80', 1],
    ]);
    assert.deepEqual(lifetimes.map(({ process, counts }) => [process, counts[EventCount.lifetimes]]).sort(), [
      ['other', 17],
      ['web', 2],
    ]);
  });

  it('shows peers by CIDR where the options say so', () => {
    const limits = { ...DEFAULT_LIMITS, remotePrefixV4: 24, remotePrefixV6: 64 };
    const flows = ['10.0.0.1', '10.0.0.9', '2001:db8::1'].map((address) => outbound(web, address, { 0: 1 }));
    const { outbound: cells } = tallyTwice(flows, limits);
    assert.deepEqual(cells.map(({ remoteIp, counts }) => [remoteIp, counts[0]]).sort(), [
      ['10.0.0.0/24', 2],
      ['2001:db8::/64', 1],
    ]);
  });

  it('tells link-local peers apart by interface, whose number alone is known in other namespaces', () => {
    const words = parseAddress('fe80::9')!;
    const behind = (scope: number, isOwn: boolean, opened: number): EventFlow => ({
      ...outbound(web, undefined, { 0: opened }),
      remote: { words: [...words, scope], port: 443 },
      isOwn,
    });
    const flows = [behind(2, true, 1), behind(3, true, 2), behind(2, true, 4), behind(2, false, 8)];
    const shown = (limits = DEFAULT_LIMITS, context = CONTEXT) =>
      tallyTwice(flows, limits, context)
        .outbound.map(({ remoteIp, remotePort, counts }) => [remoteIp, remotePort, counts[0]])
        .sort();
    assert.deepEqual(shown(), [
      ['fe80::9%2', '443', 8],
      ['fe80::9%link2', '443', 5],
      ['fe80::9%link3', '443', 2],
    ]);
    assert.deepEqual(shown({ ...DEFAULT_LIMITS, remotePrefixV6: 64 })[1], ['fe80::%link2/64', '443', 5]);
    const filters = createFilters({
      remoteIp: { exclude: [{ network: words, prefix: 128 }] },
      isDropped: false,
    });
    assert.deepEqual(shown(DEFAULT_LIMITS, { ...CONTEXT, filters }), [['filtered', 'filtered', 15]]);
  });

  it('gives accepted connections to who listens, in the own namespace only; and to other what nobody listens for', () => {
    const flows = [
      inbound('unknown', 80),
      inbound('unknown', 80, false),
      inbound('unknown', 81),
      inbound('unknown', 9999),
      inbound(web, 80),
      inbound('other', undefined, false),
    ];
    const { inbound: cells } = tallyTwice(flows);
    assert.deepEqual(cells.map(({ process, unit, localPort }) => [process, unit, localPort]).sort(), [
      ['nginx', 'web.service', '80'],
      ['other', 'other', 'other'],
      ['unknown', 'unknown', '80'],
      ['unknown', 'unknown', '81'],
      ['unknown', 'unknown', 'other'],
      ['web', 'web.service', '80'],
    ]);
  });

  it('remembers who has listened: a server that stops closes its connections', () => {
    const tally = createEventsTally(DEFAULT_LIMITS);
    tally(reading(), CONTEXT);
    const gone = { ...CONTEXT, listeners: new Map([[22, { process: 'sshd', cgroup: 0n, isPending: false }]]) };
    const { inbound: cells } = tally(reading(inbound(web, 80)), gone);
    assert.equal(cells[0]!.localPort, '80');
  });

  it('waits for the name of a listener that is searched for, or was not there yet', () => {
    const tally = createEventsTally(DEFAULT_LIMITS);
    const at = (listeners: EventContext['listeners']) => ({ ...CONTEXT, listeners });
    const pending = new Map([[80, { process: undefined, cgroup: 0n, isPending: true }]]);
    const flows = [inbound('unknown', 80), inbound('unknown', 8080)];
    assert.deepEqual(tally(reading(...flows), at(pending)).inbound, []);
    const known = new Map([...CONTEXT.listeners, [8080, { process: 'proxy', cgroup: 0n, isPending: false }] as const]);
    const { inbound: cells } = tally(reading(), at(known));
    assert.deepEqual(cells.map(({ process, localPort }) => [process, localPort]).sort(), [
      ['nginx', '80'],
      ['proxy', '8080'],
    ]);
  });

  it('has lifetimes by process, whole as soon as one class is there', () => {
    const ages = { [EventCount.lifetimes + 1]: 3, [EventCount.lifetimeMs]: 900 };
    const flows = [
      outbound(web, '10.0.0.1', ages),
      outbound(web, '10.0.0.2', ages),
      outbound(web, '10.0.0.3', { 0: 1 }),
    ];
    const { lifetimes } = tallyTwice(flows);
    assert.deepEqual(
      lifetimes.map(({ process, counts }) => [process, ...counts.subarray(EventCount.lifetimes)]),
      [['web', 0, 6, 0, 0, 0, 1800]],
    );
  });
});
