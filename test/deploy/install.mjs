// Makes ready what the checks of deploy/ need: npm packages from this folder's lockfile, and where apt-get can fetch them,
// kubectl and docker-compose. What cannot be had is skipped by the tests, and a failure in CI.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const stamp = join(folder, 'node_modules', '.prepared');
const wanted = createHash('sha256')
  .update(readFileSync(join(folder, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  process.stderr.write("test:deploy: installing schemas, linters and the image's Node.js (220 MB)\n");
  // the schemas ask for Node.js 22 and do with 20; what the project demands of its own packages is not asked of them
  const flags = ['--engine-strict=false', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (!runs('npm', ['ci', ...flags])) process.exit(1);
  writeFileSync(stamp, wanted);
}
if (!runs('sh', ['fetch-tools.sh', join(folder, '../../scratch/deploy-tools')])) {
  process.stderr.write('test:deploy: kubectl and docker-compose could not be fetched\n');
  if (process.env.CI === 'true') process.exit(1);
}

function runs(program, args) {
  return spawnSync(program, args, { cwd: folder, stdio: ['ignore', 2, 2] }).status === 0;
}
