import { readFileSync } from 'node:fs';

/**
 * Whether this process is in the foreground of its terminal: one in the background is stopped when it reads keys or changes how the
 * terminal works. What cannot be read is taken for the foreground.
 */
export function isInForeground(procfs: string): boolean {
  try {
    return parseIsForeground(readFileSync(`${procfs}/self/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Compares pgrp and tpgid, the third and sixth field behind the name, which may contain anything (proc_pid_stat(5)). */
export function parseIsForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}
