import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { snapshotOf } from '../../src/diagnose/page/page-snapshot.ts';
import { parsePage } from '../../src/diagnose/page/parse-page.ts';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { judge } from '../../src/verdict/judge.ts';
import { EVENTS } from '../support/pages/event-counts.ts';
import { LINUX_BUILD, LINUX_SNAPSHOT, NAMES_SNAPSHOT, WINDOWS_SNAPSHOT } from '../support/pages/snapshots.ts';
import { HEALTHY, withCounters } from '../verdict/hosts.ts';
import { EXHAUSTED } from './views.ts';

describe('a page', () => {
  it('gives the verdict of the snapshot that it was made of', async () => {
    const inside = { ...HEALTHY, namespace: { isHostNetwork: false } };
    for (const snapshot of [EXHAUSTED, HEALTHY, inside, LINUX_SNAPSHOT, WINDOWS_SNAPSHOT, NAMES_SNAPSHOT]) {
      const read = await through(snapshot);
      // a failed collector's reason is in the log of the exporter, not on its page
      assert.deepEqual(judge(read), judge(withoutReasons(snapshot)));
    }
  });

  it('gives the names and thresholds of the configuration file', async () => {
    const { config, sockets } = await through(NAMES_SNAPSHOT);
    assert.deepEqual(config, NAMES_SNAPSHOT.config);
    assert.deepEqual(
      sockets?.connections?.cells.map(({ remoteName }) => remoteName),
      NAMES_SNAPSHOT.sockets?.connections?.cells.map(({ remoteName }) => remoteName),
    );
    assert.equal(sockets?.ephemeral?.destinations.cells[0]?.remoteName, 'postgres-primary');
  });

  it('gives the rates of two snapshots', async () => {
    const later = withCounters({
      sentResets: 90,
      listenOverflows: 40,
      listenDrops: 45,
      attemptFails: 30,
      activeOpens: 60,
    });
    const before = { snapshot: await through(HEALTHY), secondsAgo: 2 };
    assert.deepEqual(judge(await through(later), before), judge(later, { snapshot: HEALTHY, secondsAgo: 2 }));
    assert.ok(judge(later, before).findings.length >= 3);
  });

  it('gives what was seen of connections between two of them', async () => {
    const [before, later] = [0, 9000].map((calls) => ({
      ...HEALTHY,
      connectionEvents: {
        ...EVENTS,
        outbound: EVENTS.outbound.map((cell) => ({ ...cell, counts: cell.counts.map((count) => count + calls) })),
        lifetimes: EVENTS.lifetimes.map((cell) => ({ ...cell, counts: cell.counts.map((count) => count + calls) })),
      },
    }));
    const verdict = judge(later!, { snapshot: before!, secondsAgo: 2 });
    assert.deepEqual(judge(await through(later!), { snapshot: await through(before!), secondsAgo: 2 }), verdict);
    assert.deepEqual(
      new Set(verdict.findings.map(({ kind }) => kind)),
      new Set(['connects_without_port', 'destination_failing', 'connections_not_reused']),
    );
  });

  it('of another exporter is refused', () => {
    assert.throws(() => snapshotOf(parsePage('node_load1 0.5\n')), /not the page of a tcpstate-exporter/);
  });

  it('without its collectors is no healthy host', () => {
    const cut = 'tcpstate_exporter_build_info{version="1.0.0"} 1\n';
    assert.throws(() => snapshotOf(parsePage(cut)), /no collector is on this page/);
  });
});

describe('a line', () => {
  const one = (line: string) => parsePage(`${line}\n`).get('tcpstate_x')?.[0];

  it('has labels with escapes, printable afterwards, and a value with or without a time', () => {
    assert.deepEqual(one(String.raw`tcpstate_x{a="say \"no\" \\ \n",b=""} 1.5e+3 1700000000000`), {
      labels: Object.assign(Object.create(null), { a: String.raw`say "no" \ \x0a`, b: '' }),
      value: 1500,
    });
    assert.equal(one('tcpstate_x +Inf')?.value, Number.POSITIVE_INFINITY);
    assert.equal(one('# HELP tcpstate_x no sample'), undefined);
  });

  it('that is none is refused with what it is', () => {
    for (const line of ['tcpstate_x', 'tcpstate_x{a=1} 2', 'tcpstate_x{a="b" 2', 'tcpstate_x 0x10', 'tcpstate_x 1 2 3'])
      assert.throws(() => parsePage(line), /^Error: not a sample: tcpstate_x/, line);
  });
});

async function through(snapshot: Snapshot): Promise<Snapshot> {
  const { body } = await renderExposition(buildFamilies(snapshot, LINUX_BUILD), undefined, 'text');
  return snapshotOf(parsePage(body));
}

function withoutReasons(snapshot: Snapshot): Snapshot {
  return { ...snapshot, outcomes: snapshot.outcomes.map(({ error: _, ...outcome }) => outcome) };
}
