import { readFileSync } from 'node:fs';

/** The recorded fixtures: see their README. */
export const RECORDED: {
  readonly pid: number;
  readonly zoo: Readonly<
    Record<'listener' | 'established' | 'finWait2' | 'timeWait' | 'listenerV6' | 'establishedV6', number>
  >;
  readonly services: { readonly address: string; readonly count: number };
} = JSON.parse(readWindowsFixture('recorded.json').toString());

/** A file of test/fixtures/windows, in memory of its own. */
export function readWindowsFixture(file: string): Buffer<ArrayBuffer> {
  const bytes = readFileSync(new URL(`../../fixtures/windows/${file}`, import.meta.url));
  return Buffer.from(new Uint8Array(bytes).buffer);
}
