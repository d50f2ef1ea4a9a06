import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPILER } from './tools.ts';
import type { Wine } from './wine.ts';

/** What the C sources are compiled to. */
export interface StandIns {
  readonly layouts: string;
  readonly command: string;
  readonly tables: string;
}

export function compileStandIns(folder: string): StandIns {
  return {
    layouts: compile(folder, 'layouts.c', 'layouts.exe'),
    command: compile(folder, 'answering-command.c', 'command.exe'),
    tables: compile(folder, 'tables.c', 'tables.dll', '-shared', '-lws2_32'),
  };
}

function compile(folder: string, source: string, target: string, ...options: string[]): string {
  const path = join(folder, target);
  const input = fileURLToPath(new URL(`c/${source}`, import.meta.url));
  execFileSync(COMPILER, ['-Wall', '-Werror', '-O1', '-s', '-o', path, input, ...options], { stdio: 'inherit' });
  return path;
}

/** Commands of the system folder that a stand-in takes the place of. */
export const ANSWERING_COMMANDS = ['netsh.exe', 'netstat.exe', 'wevtutil.exe'];

/** What the answering commands answer from now on. */
export interface Answers {
  /** Empties all answers, then gives these: name of the answer → bytes. */
  set(answers: Readonly<Record<string, Uint8Array>>): void;
  /** The calls since the last `set`. */
  calls(): string[];
}

export function installAnswers(wine: Wine, command: string): Answers {
  const folder = join(wine.driveC, 'answers');
  for (const name of ANSWERING_COMMANDS) copyFileSync(command, join(wine.driveC, 'windows', 'system32', name));
  return {
    set(answers) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      for (const [name, bytes] of Object.entries(answers)) writeFileSync(join(folder, `${name}.txt`), bytes);
    },
    calls() {
      const notes = readdirSync(folder).filter((name) => name.endsWith('.call'));
      return notes.flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n')).sort();
    },
  };
}
