import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from './manifests.ts';
import { REPOSITORY } from './tools.ts';

const TSC = fileURLToPath(new URL('node_modules/typescript/bin/tsc', REPOSITORY));
const OPTIONS = [
  '--ignoreConfig',
  '--noEmit',
  '--strict',
  '--skipLibCheck',
  '--types',
  '',
  '--module',
  'NodeNext',
  '--target',
  'ES2023',
];

/** apiVersion → the package that has its kinds; the core group is version v1 alone. */
function packageOf({ apiVersion }: Manifest): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
  if (group === 'monitoring.coreos.com') return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

/** What the schema of its kind objects to, in values. Fields that the schema does not know pass: see `checkFields`. */
export async function checkValues(manifest: Manifest): Promise<string> {
  const models = (await import(packageOf(manifest))) as Record<string, new (data: Manifest) => { validate(): void }>;
  const Model = models[manifest.kind];
  if (Model === undefined) return `no kind ${manifest.kind} in ${packageOf(manifest)}`;
  try {
    new Model(manifest).validate();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the compiler objects to when each manifest is an object literal of its kind's type: misspelt and misplaced fields. */
export function checkFields(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(fileURLToPath(new URL('node_modules/typed-', import.meta.url)));
  try {
    const files = manifests.map((manifest, index) => {
      const file = join(folder, `${index}.ts`);
      const type = `import('${packageOf(manifest)}').I${manifest.kind}`;
      writeFileSync(file, `export const manifest: ${type} = ${JSON.stringify(manifest, null, 2)};\n`);
      return file;
    });
    const { stdout, stderr } = spawnSync(process.execPath, [TSC, ...OPTIONS, ...files], {
      cwd: folder,
      encoding: 'utf8',
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
