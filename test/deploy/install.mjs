// Makes ready what the checks of deploy/ need: npm packages from this folder's lockfile, and where apt-get can fetch them,
// kubectl and docker-compose. What cannot be had is skipped by the tests, and a failure in CI.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSuite } from '../../scripts/install-suite.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const tools = join(folder, '../../scratch/deploy-tools');

// the schemas ask for Node.js 22 and do with 20; what the project demands of its own packages is not asked of them
installSuite(folder, "test:deploy: installing schemas, linters and the image's Node.js (220 MB)", [
  '--engine-strict=false',
]);
if (spawnSync('sh', ['fetch-tools.sh', tools], { cwd: folder, stdio: ['ignore', 2, 2] }).status !== 0) {
  process.stderr.write('test:deploy: kubectl and docker-compose could not be fetched\n');
  if (process.env.CI === 'true') process.exit(1);
}
