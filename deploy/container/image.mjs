// npm run package:image: the image as an archive in OCI's layout, with no container engine and no registry, and its SBOM.
// Needs root (setcap), apt-get of Debian, tar, gzip, strip and setcap (libcap2-bin). The same commit and the same packages give the same digest.
// Usage: node deploy/container/image.mjs [--arch=x64|arm64] [output folder]     default: this machine's, scratch/image
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeDigest } from '../bundle/digest.mjs';
import { readRevision, readSourceDate } from '../bundle/revision.mjs';
import { writeSbom } from '../bundle/sbom.mjs';
import { fillProgram } from '../linux/program.mjs';
import { placeBaseFiles } from './base-files.mjs';
import { writeLayout } from './oci-layout.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { version, description, license, homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const OWNERS = ['sys_ptrace', 'dac_read_search'];
const KERNEL_READER = [...OWNERS, 'bpf', 'perfmon'];
const PROGRAM = ['node', '/app/dist/main.js'];
/** What is behind the version in the name of each image → its entry point. The Dockerfile says why there are launchers. */
const ENTRY_POINTS = {
  '': PROGRAM,
  '-owners': [...launcher('owners', OWNERS), ...PROGRAM],
  '-kernel-reader': [...launcher('kernel-reader', KERNEL_READER), ...PROGRAM],
};

const { values, positionals } = parseArgs({
  options: { arch: { type: 'string', default: process.arch } },
  allowPositionals: true,
});
const files = await buildImage(values.arch, resolve(positionals[0] ?? join(root, 'scratch', 'image')));
process.stdout.write(files.map((file) => `${file}\n`).join(''));

/** Returns the paths of the archive and of its SBOM. */
async function buildImage(arch, output) {
  if (process.getuid() !== 0) throw new Error('setcap takes root: run this as root');
  mkdirSync(output, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'tcpstate-image-'));
  try {
    const { layers, node, debian } = await fillLayers(work, arch);
    const folder = join(work, 'layout');
    const created = new Date(readSourceDate() * 1000).toISOString();
    writeLayout({ folder, work, layers, architecture: arch === 'x64' ? 'amd64' : arch, created, images: imagesOf() });
    const archive = join(output, `tcpstate-exporter-${version}-oci-${arch}.tar`);
    const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
    execFileSync('tar', [...fixed, '-C', folder, '-cf', archive, ...readdirSync(folder).sort()]);
    const files = [archive, writeSbom(join(output, `tcpstate-exporter-${version}-oci-${arch}.cdx.json`), node, debian)];
    for (const file of files) writeDigest(file);
    return files;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Debian and Node.js below, which change seldom; the program above. */
async function fillLayers(work, arch) {
  const [base, program] = ['base', 'program'].map((name) => join(work, name));
  const debian = placeBaseFiles(base, arch);
  const app = join(program, 'app');
  mkdirSync(program);
  const { node } = await fillProgram(app, arch);
  copyFileSync(join(root, 'deploy/container/healthcheck.mjs'), join(app, 'healthcheck.mjs'));
  for (const launched of ['tcpstate', 'tcpstate-exporter']) rmSync(join(app, launched)); // for a shell, which there is none
  const programs = join(base, 'usr/local/bin');
  mkdirSync(programs, { recursive: true });
  renameSync(join(app, 'node'), join(programs, 'node'));
  const setpriv = join(base, 'usr/bin/setpriv');
  for (const [name, capabilities] of [
    ['owners', OWNERS],
    ['kernel-reader', KERNEL_READER],
  ])
    placeLauncher(setpriv, join(programs, `setpriv-${name}`), capabilities);
  rmSync(setpriv);
  for (const layer of [base, program]) execFileSync('chmod', ['-R', 'u=rwX,go=rX', layer]);
  return { layers: [base, program], node, debian };
}

function placeLauncher(setpriv, file, capabilities) {
  copyFileSync(setpriv, file);
  chmodSync(file, 0o755);
  execFileSync('setcap', [`${capabilities.map((name) => `cap_${name}`).join()}=ep`, file]);
}

function launcher(name, capabilities) {
  const handed = capabilities.map((each) => `+${each}`).join();
  return [`/usr/local/bin/setpriv-${name}`, `--inh-caps=${handed}`, `--ambient-caps=${handed}`];
}

/** As the Dockerfile's last stage has it; a test compares them. */
function imagesOf() {
  return Object.entries(ENTRY_POINTS).map(([variant, entryPoint]) => ({
    annotations: {
      'org.opencontainers.image.ref.name': `${version}${variant}`,
      'io.containerd.image.name': `docker.io/library/tcpstate-exporter:${version}${variant}`,
    },
    config: {
      User: '65534:65534',
      ExposedPorts: { '10048/tcp': {} },
      Env: ['PATH=/usr/local/bin:/usr/bin', 'NODE_OPTIONS=--disable-sigusr1'],
      Entrypoint: entryPoint,
      WorkingDir: '/',
      Labels: {
        'org.opencontainers.image.title': 'tcpstate-exporter',
        'org.opencontainers.image.description': description,
        'org.opencontainers.image.licenses': license,
        'org.opencontainers.image.url': homepage,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.revision': readRevision(),
      },
      // Not OCI's: Docker keeps and uses it.
      Healthcheck: {
        Test: ['CMD', 'node', '/app/healthcheck.mjs'],
        Interval: 30e9,
        Timeout: 5e9,
        StartPeriod: 10e9,
      },
    },
  }));
}
