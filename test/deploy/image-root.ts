import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPOSITORY, run } from './tools.ts';

const DEVICES = ['null', 'zero', 'urandom'];
const require = createRequire(import.meta.url);

export interface ImageRoot {
  readonly folder: string;
  /** Starts a program as a container runtime does: test/deploy/container-start.c. */
  readonly starter: string;
  remove(): void;
}

/**
 * The files of the image in an otherwise empty root: the program as the Dockerfile bundles it, Node.js, setpriv-owners
 * and setpriv-kernel-reader, and the shared libraries that these two and a shell need. What Debian brings besides is not there. May fetch a package.
 */
export function createImageRoot(): ImageRoot {
  const work = mkdtempSync(join(tmpdir(), 'tcpstate-image-'));
  const folder = join(work, 'root');
  for (const mountPoint of ['proc', 'sys', 'dev', 'host/sys/fs/cgroup', 'host/proc', 'tmp', 'usr/local/bin', 'bin'])
    mkdirSync(join(folder, mountPoint), { recursive: true });
  for (const device of DEVICES) writeFileSync(join(folder, 'dev', device), '');
  const context = copyContext(join(work, 'context'));
  run(process.execPath, [join(context, 'deploy/bundle/bundle.mjs'), join(folder, 'app')]);
  cpSync(join(context, 'deploy/container/healthcheck.mjs'), join(folder, 'app/healthcheck.mjs'));
  const owners = join(folder, 'usr/local/bin/setpriv-owners');
  const node = require.resolve(`node-linux-${process.arch}/bin/node`); // of the major version that the Dockerfile names
  copyFileSync(node, join(folder, 'usr/local/bin/node'));
  const reader = join(folder, 'usr/local/bin/setpriv-kernel-reader');
  for (const launcher of [owners, reader]) copyFileSync(run('sh', ['-c', 'command -v setpriv']).trim(), launcher);
  copyFileSync('/bin/sh', join(folder, 'bin/sh'));
  for (const program of [node, owners, '/bin/sh']) copyLibraries(program, folder);
  symlinkSync('/usr/local/bin/node', join(folder, 'bin/node'));
  run('setcap', ['cap_sys_ptrace,cap_dac_read_search=ep', owners]);
  run('setcap', ['cap_sys_ptrace,cap_dac_read_search,cap_bpf,cap_perfmon=ep', reader]);
  run('chmod', ['-R', 'a+rX,go-w', work]);
  const starter = join(work, 'container-start');
  run('gcc', ['-Wall', '-Werror', '-o', starter, fileURLToPath(new URL('container-start.c', import.meta.url))]);
  return { folder, starter, remove: () => rmSync(work, { recursive: true, force: true }) };
}

/**
 * Shell commands that make the root what a runtime makes of an image, for the mount namespace they run in alone: /proc of
 * the pid namespace they run in, devices, the host's cgroups, and everything else read-only.
 */
export function mountCommands({ folder }: ImageRoot): string {
  return [
    'mount --make-rprivate /',
    `mount --bind ${folder} ${folder}`,
    `mount --rbind /proc ${folder}/host/proc`,
    `mount -t proc proc ${folder}/proc`,
    `mount --rbind /sys/fs/cgroup ${folder}/host/sys/fs/cgroup`,
    ...DEVICES.map((device) => `mount --bind /dev/${device} ${folder}/dev/${device}`),
    `mount -o remount,bind,ro ${folder}`,
  ].join(' && ');
}

/** What the Dockerfile has to build from: the files that .dockerignore lets through, and the packages that `npm ci` installs. */
function copyContext(context: string): string {
  const sent = readFileSync(new URL('.dockerignore', REPOSITORY), 'utf8').matchAll(/^!(.+)$/gm);
  for (const [, path] of sent)
    cpSync(fileURLToPath(new URL(path!, REPOSITORY)), join(context, path!), { recursive: true });
  for (const name of ['node_modules', 'scratch']) // the latter keeps what was fetched before
    symlinkSync(fileURLToPath(new URL(name, REPOSITORY)), join(context, name));
  return context;
}

/** ldd prints `name => /path (address)`, and the path alone for the loader. */
function copyLibraries(program: string, folder: string): void {
  for (const [, path] of run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(folder, dirname(path!)), { recursive: true });
    copyFileSync(path!, join(folder, path!));
  }
}
