// npm run fuzz [-- --seconds=N --target=name --seed=N --replay=file --list]: feeds every decoder and parser with inputs made from
// recorded ones, led by what they reach in the code. Ends with 1 when one of them makes trouble.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bundles, bundle, FUZZ_FOLDER, ROOT } from './engine/bundle.ts';
import { type ChildReport, type Problem, runTarget } from './engine/run-target.ts';
import { TARGETS } from './targets/index.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    executions: { type: 'string' },
    replay: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

if (values.list) listTargets();
else {
  const bundles = await bundle();
  try {
    const { replay: file, target: names = Object.keys(TARGETS) } = values;
    process.exitCode = file === undefined ? await fuzz(bundles, names) : await replay(bundles, file);
  } finally {
    bundles.remove();
  }
}

function listTargets(): void {
  for (const [name, { drives, holds }] of Object.entries(TARGETS)) {
    process.stdout.write(`${name}: ${holds}\n${drives.map((each) => `  src/${each}\n`).join('')}`);
  }
}

/** All targets share the time. */
async function fuzz(bundles: Bundles, names: readonly string[]): Promise<number> {
  const seed = wholeNumber('seed', values.seed);
  const milliseconds = (wholeNumber('seconds', values.seconds) * 1000) / names.length;
  const executions =
    values.executions === undefined ? Number.MAX_SAFE_INTEGER : wholeNumber('executions', values.executions);
  process.stdout.write(`fuzz: seed ${seed}, ${names.length} targets\n`);
  const total = { executions: 0, reached: 0, problems: 0 };
  for (const name of names) {
    checkTarget(name);
    const report = await runTarget(bundles, { name, seed, milliseconds, executions });
    process.stdout.write(`${formatReport(name, report)}\n`);
    const problem = tellProblem(name, report);
    if (problem !== undefined) process.stdout.write(`\n${problem}\n\n`);
    total.executions += report.executions;
    total.reached += report.blocks.reached;
    total.problems += Number(problem !== undefined);
  }
  const { problems, reached } = total;
  process.stdout.write(`fuzz: ${total.executions} inputs, ${reached} blocks reached, ${problems} targets in trouble\n`);
  return problems > 0 ? 1 : 0;
}

/** Runs one saved input; its target is named by the file. */
async function replay(bundles: Bundles, file: string): Promise<number> {
  const name = basename(file).split('.')[0]!;
  checkTarget(name);
  const inputs = [readFileSync(file, 'base64')];
  const { finding } = await runTarget(bundles, { name, seed: 1, milliseconds: 0, executions: 0, inputs });
  process.stdout.write(finding === undefined ? `${name}: no trouble\n` : `${name}: ${finding.kind}: ${finding.text}\n`);
  return finding === undefined ? 0 : 1;
}

function formatReport(name: string, { executions, blocks, corpus }: ChildReport): string {
  const reached = `${blocks.reached}/${blocks.known}`;
  return `${name.padEnd(20)} ${String(executions).padStart(9)} inputs ${reached.padStart(9)} blocks ${String(corpus).padStart(4)} kept`;
}

function tellProblem(name: string, { finding, called }: ChildReport): string | undefined {
  if (finding !== undefined) return saveInput(name, finding);
  // esbuild numbers functions of one name: read, read2
  const isReached = (each: string) =>
    called.some((path) => path.replace(/\d+$/, '') === `src/${each}`.replace(/\d+$/, ''));
  const unreached = TARGETS[name]!.drives.filter((each) => !isReached(each));
  return unreached.length === 0 ? undefined : `${name}: its inputs never reach ${unreached.join(', ')}`;
}

function saveInput(name: string, { kind, text, input }: Problem): string {
  const bytes = Buffer.from(input, 'base64');
  const folder = join(FUZZ_FOLDER, 'findings');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(file, bytes);
  const shown = JSON.stringify(bytes.toString('latin1').slice(0, 200));
  const again = `npm run fuzz -- --replay=${relative(ROOT, file)}`;
  return `${name}: ${kind}: ${text}\ninput of ${bytes.length} bytes: ${shown}\nagain: ${again}`;
}

function checkTarget(name: string): void {
  if (!Object.hasOwn(TARGETS, name)) throw new Error(`no target "${name}": --list names them`);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${option}=${text} is not a whole number`);
}
