// Fuzzes one target in a process of its own: a decoder may hang it or bring it down.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from '../target.ts';
import { startCoverage } from './coverage.ts';
import { collectWords } from './dictionary.ts';
import { runLoop } from './loop.ts';
import type { ChildOptions, ChildReport } from './run-target.ts';

const options = JSON.parse(process.argv[2]!) as ChildOptions;
process.send!(await fuzz(), () => process.exit(0));

async function fuzz(): Promise<ChildReport> {
  const url = pathToFileURL(options.targets).href;
  const coverage = startCoverage({ url, source: readFileSync(options.targets, 'utf8'), counted: options.counted });
  const { TARGETS } = (await import(url)) as { TARGETS: Readonly<Record<string, FuzzTarget>> };
  const target = TARGETS[options.name]!;
  coverage.takeNews(); // what runs on import leads nowhere
  const seeds = options.inputs?.map((input) => Buffer.from(input, 'base64')) ?? seedsOf(target);
  const result = await runLoop(target, seeds, {
    ...options,
    words: wordsOf(target),
    coverage,
    onInput: createJournal(),
  });
  const { finding } = result;
  return {
    executions: result.executions,
    corpus: result.corpus,
    blocks: coverage.count(),
    called: [...coverage.calledFunctions()],
    ...(finding && { finding: { ...finding.trouble, input: finding.input.toString('base64') } }),
  };
}

function seedsOf(target: FuzzTarget): Buffer[] {
  const readFixture = (name: string) => readFileSync(join(options.root, 'test/fixtures', name));
  return target.seeds(readFixture).map((seed) => Buffer.from(seed as Uint8Array));
}

function wordsOf({ drives, words = [] }: FuzzTarget): Buffer[] {
  const files = new Set(drives.map((each) => each.split('#')[0]!));
  const sources = [...files].map((file) => readFileSync(join(options.root, 'src', file), 'utf8'));
  return [...sources.flatMap(collectWords), ...words.map((word) => Buffer.from(word))];
}

/** Writes every input down before it runs, behind its number and length: the parent finds the last one there. */
function createJournal(): (input: Buffer) => void {
  const file = openSync(options.journal, 'w');
  const head = Buffer.alloc(8);
  let number = 0;
  return (input) => {
    head.writeUInt32LE(++number, 0);
    head.writeUInt32LE(input.length, 4);
    writeSync(file, Buffer.concat([head, input]), 0, head.length + input.length, 0);
  };
}
