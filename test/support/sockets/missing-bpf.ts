import { existsSync } from 'node:fs';
import { loadWalk } from '../../../src/platform/linux/bpf/kernel-walk.ts';

/** Why no program can be loaded into the kernel here; undefined where it can. In CI that is an error, not a reason to skip. */
export function missingBpf(): string | undefined {
  const reason = findReason();
  if (reason !== undefined && process.env.CI === 'true') throw new Error(reason);
  return reason;
}

function findReason(): string | undefined {
  const needs = 'skipped: needs CAP_BPF and BTF';
  if (process.platform !== 'linux' || !existsSync('/sys/kernel/btf/vmlinux')) return needs;
  try {
    loadWalk();
    return undefined;
  } catch (error) {
    return `${needs}: ${(error as Error).message}`;
  }
}
