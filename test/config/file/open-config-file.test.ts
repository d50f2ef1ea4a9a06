import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openConfigFile } from '../../../src/config/file/open-config-file.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';
import { createConfigFolder } from '../../support/files/config-folder.ts';

const MOST_POLLS = 2000;

describe('openConfigFile', () => {
  it('refuses a file that is not there', (t) => {
    const { folder } = createConfigFolder(t);
    assert.throws(() => openConfigFile(join(folder, 'none.yml'), createLogRecorder()), {
      name: 'ConfigRefusal',
      message: /^--config\.file=\S+none\.yml cannot be read: ENOENT/,
    });
  });

  it('uses a change, keeps what it has while a file is broken or empty, and says so once', async (t) => {
    const { write } = createConfigFolder(t);
    const log = createLogRecorder();
    const file = write('names.yml', 'destinations: {10.0.0.1: one}\n');
    const now = openConfigFile(file, log);
    const untilLogged = async (records: number) => {
      for (let poll = 0; log.records.length < records && poll < MOST_POLLS; poll++) {
        now();
        await delay(5);
      }
      assert.equal(log.records.length, records, JSON.stringify(log.records));
      return log.records.at(-1)!;
    };
    const names = () => now().destinations.map(({ name }) => name);
    assert.deepEqual(names(), ['one']);
    assert.equal(now(), now(), 'the same object until it changes');

    write('names.yml', 'destinations: {10.0.0.1: two}\n');
    assert.equal((await untilLogged(2)).message, 'the changed configuration is in use');
    assert.deepEqual(names(), ['two']);

    write('names.yml', 'destinations: {10.0.0.1/40: three}\n');
    const { level, message, details } = await untilLogged(3);
    assert.deepEqual([level, message], ['error', 'the changed configuration is broken, the previous one stays in use']);
    assert.match(String((details as { error: Error }).error.message), /names\.yml:1:16: 10\.0\.0\.1\/40 has a prefix/);
    assert.deepEqual([names(), now().isCurrent], [['two'], false]);

    writeFileSync(file, '');
    assert.match(String(((await untilLogged(4)).details as { error: Error }).error.message), /names\.yml is empty$/);
    assert.deepEqual([names(), now().isCurrent], [['two'], false]);

    write('names.yml', 'destinations: {10.0.0.1: four}\n');
    await untilLogged(5);
    assert.deepEqual([names(), now().isCurrent], [['four'], true]);

    if (process.platform === 'win32') return;
    rmSync(file);
    execFileSync('mkfifo', [file]); // nobody will ever write to it
    const piped = String(((await untilLogged(6)).details as { error: Error }).error.message);
    assert.match(piped, /names\.yml cannot be read: it is no regular file any more$/);
    assert.deepEqual([names(), now().isCurrent], [['four'], false]);
  });
});
