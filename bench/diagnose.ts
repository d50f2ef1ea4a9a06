// npm run bench:diagnose: how long one look takes from the command line to the last line, on a host with so many sockets. Node's own
// start is measured beside it, in turns, because most of what is left is that.
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { BUILT_PROGRAM } from '../test/support/programs/running-exporter.ts';
import { formatTable } from './format.ts';
import { enterBenchNamespace } from './namespace.ts';
import { compileNative } from './native.ts';
import { parseSize } from './options.ts';
import { startEstablished } from './socket-fleet.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '10k' },
    rounds: { type: 'string', default: '15' },
    program: { type: 'string', default: BUILT_PROGRAM },
  },
});
/** The namespace of the benchmark is what is to be judged. */
const LOOK = ['--interval=0', '--no-collector.namespace'];
const COMMANDS = {
  'node -e 0': ['-e', '0'],
  'diagnose --help': [values.program, 'diagnose', '--help'],
  'diagnose --interval=0 --check': [values.program, 'diagnose', '--check', ...LOOK],
  'diagnose --interval=0': [values.program, 'diagnose', ...LOOK],
};

const run = promisify(execFile);
const programs = compileNative();
enterBenchNamespace();
const fleet = await startEstablished(programs.sockets, parseSize(values.size));
const costs = new Map<string, { cpuMs: number; wallMs: number }[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, args] of Object.entries(COMMANDS)) {
    // whatever the verdict: its exit code is not that of a failure
    const { stdout } = await run(programs.measure, ['sh', '-c', '"$@" || true', 'sh', process.execPath, ...args]);
    const [cpuUs, wallUs] = stdout.trim().split(' ').map(Number);
    costs.set(name, [...(costs.get(name) ?? []), { cpuMs: cpuUs! / 1000, wallMs: wallUs! / 1000 }]);
  }
}
await fleet.quit();
const rows = [...costs].map(([name, each]) => {
  const [cpu, wall] = [each.map(({ cpuMs }) => cpuMs), each.map(({ wallMs }) => wallMs)];
  return [name, ...[median(wall), Math.min(...wall), median(cpu), Math.min(...cpu)].map((ms) => ms.toFixed(0))];
});
process.stdout.write(`${formatTable(['command', 'wall ms', 'least', 'CPU ms', 'least'], rows)}\n`);
