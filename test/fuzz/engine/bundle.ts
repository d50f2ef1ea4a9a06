import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Not in the repository: bundles, and inputs that made trouble. */
export const FUZZ_FOLDER = join(ROOT, 'scratch', 'fuzz');

/** The two scripts of a child process: the first starts the coverage and then loads the other. */
export interface Bundles {
  readonly engine: string;
  readonly targets: string;
  /** Modules whose coverage counts: those whose path starts so. */
  readonly counted: string;
  remove(): void;
}

/**
 * `targets` is the path, below the project's root, of a module that exports `TARGETS`. What it uses becomes one script with
 * it, so that one answer of V8 holds the coverage of all; packages stay outside.
 */
export async function bundle(targets = 'test/fuzz/targets/index.ts', counted = 'src/'): Promise<Bundles> {
  mkdirSync(FUZZ_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FUZZ_FOLDER, 'bundles-')); // in the project: packages are found from there
  const [engine, targetsFile] = [join(folder, 'engine.mjs'), join(folder, 'targets.mjs')];
  await bundleFile('test/fuzz/engine/child.ts', engine);
  await bundleFile(targets, targetsFile);
  return { engine, targets: targetsFile, counted, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function bundleFile(entry: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
}
