import { readFileSync } from 'node:fs';

/** A committed page, see test/metrics/pages.test.ts. */
export function readGoldenPage(file: 'linux.txt' | 'windows.txt' | 'names.txt' | 'dropped.txt'): string {
  return readFileSync(new URL(`../../fixtures/pages/${file}`, import.meta.url), 'utf8');
}
