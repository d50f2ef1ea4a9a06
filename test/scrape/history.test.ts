import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { createHistory, HISTORY_MS, HISTORY_STEP_MS } from '../../src/scrape/history.ts';

describe('the history of states', () => {
  it('has the sockets of both families in each state, and undefined where a state was not shown', () => {
    const history = createHistory();
    history.add({ sockets: { states: { ipv4: [undefined, 7, 0], ipv6: [undefined, 2] } }, outcomes: [] }, 1000);
    const [point, ...others] = history.read(2000);
    assert.deepEqual([point!.atMs, point!.states.slice(0, 4), others], [1000, [undefined, 9, 0, undefined], []]);
  });

  it('keeps the latest look of each five seconds, so that frequent scrapes do not shorten it', () => {
    const history = createHistory();
    for (let atMs = 0; atMs < 20_000; atMs += 1000) history.add(established(atMs), atMs);
    assert.deepEqual(
      history.read(20_000).map(({ states }) => states[1]),
      [4000, 9000, 14_000, 19_000],
    );
  });

  it('forgets what is older than ten minutes, and never holds more than they take', () => {
    const history = createHistory();
    for (let atMs = 0; atMs <= 3 * HISTORY_MS; atMs += HISTORY_STEP_MS) history.add(established(atMs), atMs);
    const points = history.read(3 * HISTORY_MS);
    assert.equal(points.length, HISTORY_MS / HISTORY_STEP_MS + 1);
    assert.deepEqual([points[0]!.states[1], points.at(-1)!.states[1]], [2 * HISTORY_MS, 3 * HISTORY_MS]);
    assert.deepEqual(history.read(4 * HISTORY_MS + 1), []);
  });

  it('takes no look without sockets', () => {
    const history = createHistory();
    history.add({ outcomes: [] }, 0);
    assert.deepEqual(history.read(0), []);
  });
});

function established(sockets: number): Snapshot {
  return { sockets: { states: { ipv4: [undefined, sockets], ipv6: [] } }, outcomes: [] };
}
