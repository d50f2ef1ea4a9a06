import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('native/', import.meta.url));

const PROGRAMS = {
  sockets: ['sockets.c', 'fleet.c', 'endpoints.c', 'established.c', 'time-wait.c', 'close-wait.c'],
  dump: ['dump.c'],
  measure: ['measure.c'],
} as const;

/** Paths of the compiled programs. */
export type NativePrograms = Readonly<Record<keyof typeof PROGRAMS, string>>;

/** Compiles the C programs into a folder of its own, which goes away with this process. */
export function compileNative(): NativePrograms {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const compile = (name: keyof typeof PROGRAMS) => {
    const program = join(folder, name);
    const sources = PROGRAMS[name].map((source) => join(SOURCES, source));
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, ...sources], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return program;
  };
  return { sockets: compile('sockets'), dump: compile('dump'), measure: compile('measure') };
}
