import { execFileSync } from 'node:child_process';
import { fetchNode } from '../../deploy/bundle/node-binary.mjs';

/**
 * Programs of Node.js by version: those at `paths`, or this process's and that of the packages, which may have to be
 * fetched. Call it before the benchmark enters a network namespace: none of them leads to npm's registry.
 */
export function findNodes(paths: readonly string[] | undefined): Map<string, string> {
  const programs = paths ?? [process.execPath, fetchNode(`linux-${process.arch}`).binary];
  return new Map(programs.map((program) => [versionOf(program), program]));
}

function versionOf(program: string): string {
  return execFileSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
}
