import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BUILT_PROGRAM, buildProgram } from '../support/programs/running-exporter.ts';
import { openTerminal, type Terminal } from '../support/programs/terminal.ts';

const DIAGNOSE = `${process.execPath} ${BUILT_PROGRAM} diagnose`;
const CTRL_Z = '\u001a';
const CTRL_C = '\u0003';
const SHOW_CURSOR = '\u001b[?25h';
const MOST_POLLS = 300;

describe('diagnose --watch in a terminal', () => {
  buildProgram();

  it('draws until q, and leaves the terminal as it was', async (t) => {
    const terminal = await openTerminal(t);
    const before = await terminal.run('stty -g');
    terminal.type(`${DIAGNOSE} --watch=500ms; echo "co""de:$?"\n`);
    await terminal.waitFor(/q ends it/);
    terminal.type('q');
    const rest = await terminal.waitFor(/code:\d+/);
    assert.match(rest, /code:0$/);
    assert.ok(rest.includes(SHOW_CURSOR), JSON.stringify(rest));
    assert.equal(await terminal.run('stty -g'), before);
  });

  it('stops by Ctrl-Z with the terminal as it was, and draws again when it is brought back', async (t) => {
    const terminal = await openTerminal(t);
    const before = await terminal.run('stty -g');
    terminal.type(`${DIAGNOSE} --watch=500ms\n`);
    await terminal.waitFor(/q ends it/);
    for (let stop = 0; stop < 2; stop++) {
      terminal.type(CTRL_Z);
      const left = await terminal.waitFor(/Stopped/);
      assert.ok(left.includes(SHOW_CURSOR), JSON.stringify(left));
      assert.equal(await terminal.run('stty -g'), before);
      terminal.type('fg; echo "co""de:$?"\n');
      await terminal.waitFor(/\d\d:\d\d:\d\d(?:.|\s)*q ends it/);
    }
    terminal.type('q');
    assert.match(await terminal.waitFor(/code:\d+/), /code:0$/);
    assert.equal(await terminal.run('stty -g; jobs'), before);
  });

  it('stops by a signal from outside in the same way, and ends by Ctrl-C', async (t) => {
    const terminal = await openTerminal(t);
    const before = await terminal.run('stty -g');
    terminal.type(`${DIAGNOSE} --watch=500ms\n`);
    await terminal.waitFor(/q ends it/);
    process.kill(await childOf(terminal.pid), 'SIGTSTP');
    await terminal.waitFor(/Stopped/);
    assert.equal(await terminal.run('stty -g'), before);
    terminal.type('fg; echo "co""de:$?"\n');
    await terminal.waitFor(/q ends it/);
    terminal.type(CTRL_C);
    await terminal.waitFor(/code:0/);
    assert.equal(await terminal.run('stty -g; jobs'), before);
  });

  it('appends rows until q, in the foreground', async (t) => {
    const terminal = await openTerminal(t);
    const file = rowsFile(t);
    const before = await terminal.run('stty -g');
    terminal.type(`${DIAGNOSE} --watch=500ms --csv=${file}; echo "co""de:$?"\n`);
    await untilRows(file, 2);
    terminal.type('q');
    assert.match(await terminal.waitFor(/code:\d+/), /code:0$/);
    assert.equal(await terminal.run('stty -g'), before);
  });

  it('appends rows in the background without being stopped, and leaves the keys to the shell', async (t) => {
    const terminal = await openTerminal(t);
    const file = rowsFile(t);
    const before = await terminal.run('stty -g');
    await terminal.run(`${DIAGNOSE} --watch=500ms --csv=${file} & true`);
    await untilRows(file, 3);
    assert.match(await terminal.run('jobs'), /Running/);
    assert.equal(await terminal.run('stty -g'), before);
    await stopJob(terminal);
  });
});

/** The process that runs in the terminal's shell. */
async function childOf(shell: number): Promise<number> {
  for (let polls = 0; polls < MOST_POLLS; polls++, await delay(100)) {
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
    if (child !== '') return Number(child);
  }
  throw new Error('nothing runs in the terminal');
}

async function stopJob(terminal: Terminal): Promise<void> {
  await terminal.run('kill %1; wait');
}

function rowsFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-rows-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'rows.csv');
}

async function untilRows(file: string, rows: number): Promise<void> {
  for (let polls = 0; polls < MOST_POLLS; polls++, await delay(100)) {
    if (existsSync(file) && readFileSync(file, 'utf8').trimEnd().split('\n').length > rows) return;
  }
  throw new Error(`no ${rows} rows in ${file}`);
}
