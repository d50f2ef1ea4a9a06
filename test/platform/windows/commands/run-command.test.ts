import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../../src/platform/windows/commands/run-command.ts';

const { signal } = new AbortController();
const node = (code: string) => runCommand(process.execPath, ['-e', code], signal);

test('gives the bytes a program prints as latin1', async () => {
  const output = await node(
    'process.stdout.write(Buffer.from([0x81, 0xff, 0x3a, 0x20, 0x35, 0x0d, 0x0a, 0x0d, 0x0a]))',
  );
  assert.equal(output, '\u0081ÿ: 5\r\n'); // execa takes the last end of a line away
});

test('passes each argument as it is', async () => {
  const argument = `/q:*[System[Provider[@Name='Tcpip'] and TimeCreated[timediff(@SystemTime) <= 5]]] "x" %PATH% $HOME`;
  const output = await runCommand(process.execPath, ['-e', 'process.stdout.write(process.argv[1])', argument], signal);
  assert.equal(output, argument);
});

test('fails when the program does, and tells what it said', async () => {
  await assert.rejects(
    node("process.stderr.write('Access is denied.'); process.exit(5)"),
    /exit code 5[\s\S]*Access is denied/,
  );
});

test('fails when there is no such program', async () => {
  // 9009 is the word of Wine's cmd.exe for it, which execa asks on Windows
  await assert.rejects(runCommand(`${process.execPath}-missing`, [], signal), /ENOENT|exit code 9009/);
});

test('gives up when it is cancelled', async () => {
  const abort = new AbortController();
  const running = runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], abort.signal);
  abort.abort();
  await assert.rejects(running, /cancel/i);
});
