// After a wanted change of a page:
//   UPDATE_GOLDEN=1 node scripts/run-tests.mjs test/metrics/pages.test.ts
// and read the diff.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderExposition } from '../../src/metrics/exposition.ts';
import { buildFamilies } from '../../src/metrics/index.ts';
import type { BuildInfo } from '../../src/model/build-info.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { DROPPED_SNAPSHOT, FILTERED_SNAPSHOT } from '../support/pages/filtered-snapshots.ts';
import {
  LINUX_BUILD,
  LINUX_SNAPSHOT,
  NAMES_SNAPSHOT,
  WINDOWS_BUILD,
  WINDOWS_SNAPSHOT,
} from '../support/pages/snapshots.ts';

const PAGES: readonly [file: string, snapshot: Snapshot, build: BuildInfo][] = [
  ['linux.txt', LINUX_SNAPSHOT, LINUX_BUILD],
  ['windows.txt', WINDOWS_SNAPSHOT, WINDOWS_BUILD],
  ['names.txt', NAMES_SNAPSHOT, LINUX_BUILD],
  ['filtered.txt', FILTERED_SNAPSHOT, LINUX_BUILD],
  ['dropped.txt', DROPPED_SNAPSHOT, LINUX_BUILD],
];

for (const [file, snapshot, build] of PAGES) {
  test(`the page of the ${file} host is the committed one, byte for byte`, async () => {
    const { body } = await renderExposition(buildFamilies(snapshot, build), undefined, 'text');
    const golden = new URL(`../fixtures/pages/${file}`, import.meta.url);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, body);
    assert.equal(body, readFileSync(golden, 'utf8'));
  });
}

test('a configuration file adds names and its own families, and changes nothing else', async () => {
  const { body } = await renderExposition(buildFamilies(NAMES_SNAPSHOT, LINUX_BUILD), undefined, 'text');
  assert.equal(body.match(/,remote_name="postgres-primary"/g)?.length, 11);
  const without = body
    .replaceAll(/,remote_name="[^"]*"/g, '')
    .replaceAll(/# HELP tcpstate_(?:config_|alert_).*\n# TYPE .*\n(?:tcpstate_(?:config_|alert_).*\n)+\n/g, '');
  assert.notEqual(without, body);
  assert.equal(without, readFileSync(new URL('../fixtures/pages/linux.txt', import.meta.url), 'utf8'));
});
