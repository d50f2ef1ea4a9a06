import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type PackedSkeleton, unpackSkeleton } from '../../../../src/platform/linux/bpf/skeleton.ts';

const SCRIPT = fileURLToPath(new URL('../../../../deploy/bpf/build.mjs', import.meta.url));
const COMMITTED = fileURLToPath(new URL('../../../../src/platform/linux/bpf/', import.meta.url));

const skip = missingTools() ?? false;

test('the programs committed are, byte for byte, what their sources give', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const built = readdirSync(folder);
  assert.deepEqual(
    built,
    readdirSync(COMMITTED).filter((name) => name.endsWith('.skeleton.ts')),
  );
  for (const name of built) {
    const [fresh, committed] = await Promise.all([
      importSkeleton(join(folder, name)),
      importSkeleton(join(COMMITTED, name)),
    ]);
    // brotli of another Node may pack the same bytes in another way
    assert.deepEqual(unpackSkeleton(fresh), unpackSkeleton(committed), `${name} is stale: npm run build:bpf`);
  }
});

test('the program that counts connections is 15 KB of text at most', () => {
  assert.ok(statSync(join(COMMITTED, 'events.skeleton.ts')).size <= 15_000);
});

/** The one export of a generated file, which imports nothing but a type. */
async function importSkeleton(path: string): Promise<PackedSkeleton> {
  assert.match(readFileSync(path, 'utf8'), /^import type /);
  const [skeleton] = Object.values((await import(pathToFileURL(path).href)) as Record<string, PackedSkeleton>);
  return skeleton!;
}

function missingTools(): string | undefined {
  const missing = ['clang', 'llvm-strip', 'bpftool'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  if (missing.length === 0) return undefined;
  const reason = `skipped: needs ${missing.join(', ')}`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}
