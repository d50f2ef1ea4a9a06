// What is built: the commit, and its date, which every file of a package carries so that two builds are the same.
// Usage: node deploy/bundle/revision.mjs <file>     writes the commit into it
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(process.argv[2], `${readRevision()}\n`);

/**
 * The commit, with `-dirty` behind it where the work tree differs. Empty outside a clone: nobody knows then.
 * @returns {string}
 */
export function readRevision() {
  const commit = git('rev-parse', 'HEAD');
  if (commit === undefined) return '';
  return git('status', '--porcelain') === '' ? commit : `${commit}-dirty`;
}

/**
 * Seconds since 1970: SOURCE_DATE_EPOCH, else the date of the commit, else now.
 * https://reproducible-builds.org/docs/source-date-epoch/
 * @returns {number}
 */
export function readSourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? '';
  return /^\d+$/.test(given) ? Number(given) : Math.floor(Date.now() / 1000);
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
