import { parseKernelInteger } from './kernel-number.ts';
import { readOptionalFile } from './proc-file.ts';

/** One integer from `<procfs>/sys/<name>`; undefined if this kernel or network namespace lacks the setting. */
export function readSysctl(procfs: string, name: string): number | undefined {
  const values = readSysctlList(procfs, name, 1);
  return values?.[0];
}

/** Like `readSysctl`, for a file that holds exactly `length` integers. */
export function readSysctlList(procfs: string, name: string, length: number): readonly number[] | undefined {
  const text = readSysctlText(procfs, name);
  if (text === undefined) return undefined;
  const path = sysctlPath(procfs, name);
  const items = text.trim().split(/\s+/);
  if (items.length !== length) throw new Error(`${path}: not ${length} integer(s): "${text.trim().slice(0, 80)}"`);
  return items.map((item) => parseKernelInteger(item, path));
}

export function readSysctlText(procfs: string, name: string): string | undefined {
  return readOptionalFile(sysctlPath(procfs, name));
}

export function sysctlPath(procfs: string, name: string): string {
  return `${procfs}/sys/${name}`;
}
