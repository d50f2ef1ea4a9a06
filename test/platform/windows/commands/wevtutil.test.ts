import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunCommand } from '../../../../src/platform/windows/commands/run-command.ts';
import { readExhaustionEvents } from '../../../../src/platform/windows/commands/wevtutil.ts';
import { readWindowsFixture } from '../recorded.ts';

const WEVTUTIL = 'C:\\Windows\\System32\\wevtutil.exe';
const { signal } = new AbortController();
const EVENT = readWindowsFixture('wevtutil-4227.xml').toString('latin1');
const ABOUT_LOG = readWindowsFixture('wevtutil-gli.txt').toString('latin1');

describe('readExhaustionEvents', () => {
  it('asks for the two events of the last milliseconds, newest first', async () => {
    const commands: (readonly string[])[] = [];
    const run: RunCommand = async (program, args) => {
      commands.push([program, ...args]);
      return EVENT;
    };
    const events = await readExhaustionEvents(run, WEVTUTIL, 240_000, signal);
    assert.deepEqual(
      events.map(({ id }) => id),
      [4227],
    );
    assert.deepEqual(commands, [
      [
        WEVTUTIL,
        'qe',
        'System',
        "/q:*[System[Provider[@Name='Tcpip'] and (EventID=4227 or EventID=4231) and TimeCreated[timediff(@SystemTime) <= 240000]]]",
        '/rd:true',
        '/c:2000',
        '/f:xml',
      ],
    ]);
  });

  it('takes an empty answer for no event when the log tells about itself', async () => {
    const run: RunCommand = async (_program, [command]) => (command === 'gli' ? ABOUT_LOG : '');
    assert.deepEqual(await readExhaustionEvents(run, WEVTUTIL, 1, signal), []);
  });

  it('refuses an empty answer of a wevtutil that tells nothing about the log either', async () => {
    await assert.rejects(
      readExhaustionEvents(async () => '\r\n', WEVTUTIL, 1, signal),
      /prints nothing about the System log/,
    );
  });

  it('fails when the command does', async () => {
    const run = () => Promise.reject(new Error('Access is denied.'));
    await assert.rejects(readExhaustionEvents(run, WEVTUTIL, 1, signal), /Access is denied/);
  });
});
