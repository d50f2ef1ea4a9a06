import type { FuzzTarget } from '../target.ts';
import type { Coverage } from './coverage.ts';
import { execute, type Trouble } from './execute.ts';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { createRandom } from './random.ts';

export interface LoopOptions {
  readonly seed: number;
  /** Ends after so many milliseconds, or after so many inputs. */
  readonly milliseconds: number;
  readonly executions: number;
  readonly words: readonly Buffer[];
  readonly folder: string;
  readonly coverage: Coverage;
  /** Told of every input before it runs: it may be the last one. */
  readonly onInput: (input: Buffer) => void;
}

export interface LoopResult {
  readonly executions: number;
  readonly corpus: number;
  readonly finding: Finding | undefined;
}

export interface Finding {
  readonly input: Buffer;
  readonly trouble: Trouble;
}

/** Reading the coverage costs about as much as some ten inputs: it is read once for so many. */
const BATCH = 32;

/**
 * Feeds a target the seeds and then changed ones; those that reach something new are kept to be changed again. Ends at the
 * first trouble. The same seed and number of executions give the same inputs in the same order.
 */
export async function runLoop(target: FuzzTarget, seeds: readonly Buffer[], options: LoopOptions): Promise<LoopResult> {
  const { coverage, folder, onInput } = options;
  const random = createRandom(options.seed);
  const corpus: Buffer[] = [Buffer.alloc(0), ...seeds]; // a seed that reaches nothing new is another form all the same
  const endMs = performance.now() + options.milliseconds;
  let executions = 0;
  let finding: Finding | undefined;

  for (const seed of seeds) if (finding === undefined) await runBatch([seed]);
  while (finding === undefined && executions < options.executions && performance.now() < endMs) {
    const size = Math.min(BATCH, options.executions - executions);
    await runBatch(
      Array.from({ length: size }, () => mutate(random, { corpus, words: options.words }, target.longestInput)),
    );
  }
  return { executions, corpus: corpus.length, finding: finding && (await shorten(finding)) };

  async function runBatch(batch: readonly Buffer[]): Promise<void> {
    for (const input of batch) {
      const trouble = await run(input);
      if (trouble === undefined) continue;
      finding = { input, trouble };
      return;
    }
    if (!coverage.hasNews()) return;
    for (const input of batch) {
      await run(input);
      if (coverage.takeNews() && !corpus.includes(input)) corpus.push(input);
    }
    coverage.settle(); // what happens only once is not reached again
  }

  async function run(input: Buffer): Promise<Trouble | undefined> {
    executions++;
    onInput(input);
    const trouble = execute(target, input, folder);
    return trouble instanceof Promise ? await trouble : trouble;
  }

  async function shorten({ input, trouble }: Finding): Promise<Finding> {
    if (trouble.kind === 'slow') return { input, trouble }; // each try would take as long
    const shorter = await minimise(input, async (each) => (await run(each))?.signature === trouble.signature);
    return { input: shorter, trouble: (await run(shorter)) ?? trouble };
  }
}
