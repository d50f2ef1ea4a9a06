import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingFamilies } from '../../src/metrics/settings.ts';
import { LINUX_SNAPSHOT } from '../support/pages/snapshots.ts';

test('shows the settings that are there, zero included, and none under a second name', () => {
  const families = settingFamilies({ ...LINUX_SNAPSHOT.settings, tcpSyncookies: 0 });
  const shown = families.filter(({ samples }) => samples.length > 0);
  const values = Object.fromEntries(shown.map(({ name, samples }) => [name, samples[0]?.value]));
  assert.equal(values.tcpstate_setting_tcp_syncookies, 0);
  assert.equal(values.tcpstate_open_files, 6176);
  assert.equal(values.tcpstate_setting_tcp_timed_wait_delay_seconds, undefined);
  for (const name of Object.keys(values)) assert.doesNotMatch(name, /max_tw_buckets|max_orphans|duration/);
  assert.equal(shown.length, 15);
});
