import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildDashboards, serialize } from '../../dashboards/catalogue.ts';
import { JSON_FOLDER } from './dashboard-files.ts';

const BUILT = buildDashboards();

test('there is a committed file for every dashboard and none besides', () => {
  assert.deepEqual(readdirSync(JSON_FOLDER).sort(), [...BUILT.keys()].sort());
});

for (const [file, dashboard] of BUILT) {
  test(`${file} is what its builder makes (else: npm run dashboards)`, () => {
    assert.equal(readFileSync(new URL(file, JSON_FOLDER), 'utf8'), serialize(dashboard));
  });
}
