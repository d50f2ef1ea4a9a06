import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { NativePrograms } from '../native.ts';
import type { Reading, Tool } from './tool.ts';

const run = promisify(execFile);

/** The C program that dumps and discards. Its own start is left out, because the exporter's is, too. */
export function dumpTool(programs: NativePrograms): Tool {
  return {
    name: 'dump',
    async collect() {
      const [sockets, cpuUs, wallUs, rssKib] = await numbersOf(programs.dump, []);
      return { ...readingOf(cpuUs!, wallUs!, rssKib!), sockets: sockets! };
    },
    stop: async () => {},
  };
}

/** A command that is started for each collection, its output thrown away. Undefined where it is not installed. */
export function commandTool(programs: NativePrograms, name: string, command: readonly string[]): Tool | undefined {
  if (!isInstalled(command[0]!)) return undefined;
  return {
    name,
    async collect() {
      const [cpuUs, wallUs, rssKib] = await numbersOf(programs.measure, command);
      return readingOf(cpuUs!, wallUs!, rssKib!);
    },
    stop: async () => {},
  };
}

/** Whether a program is found in PATH. */
export function isInstalled(program: string): boolean {
  return pathOf(program) !== undefined;
}

/** Where a program is found in PATH. */
export function pathOf(program: string): string | undefined {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

async function numbersOf(program: string, args: readonly string[]): Promise<number[]> {
  const { stdout } = await run(program, [...args]);
  return stdout.trim().split(' ').map(Number);
}

function readingOf(cpuUs: number, wallUs: number, rssKib: number): Reading {
  return { cpuMs: cpuUs / 1000, wallMs: wallUs / 1000, peakRssMb: (rssKib * 1024) / 1e6 };
}
