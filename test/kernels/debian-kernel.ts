import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface Kernel {
  readonly image: string;
  /** Paths of modules that are in no initramfs of Debian's when nothing asks for them. */
  readonly modules: readonly string[];
}

/** The kernel of a Debian release, unpacked into a folder; nothing is installed, and the machine's own lists stay as they are. */
export function downloadKernel(folder: string, suite: string, modules: readonly string[]): Kernel {
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  const sources = join(folder, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`);
  const own = [
    ['Dir::Etc::sourcelist', sources],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', lists],
    ['Dir::Cache', join(folder, 'cache')],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('apt-get', ...own, '-q', 'update');
  const name = /Depends: (linux-image-\S+)/.exec(run('apt-cache', ...own, 'depends', 'linux-image-amd64'))?.[1];
  if (name === undefined) throw new Error(`Debian ${suite} has no linux-image-amd64`);
  run('apt-get', ...own, '-q', 'download', name);
  const root = join(folder, 'root');
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb'))!;
  run('dpkg', '-x', archive, root);
  const [image] = readdirSync(join(root, 'boot')).filter((file) => file.startsWith('vmlinuz-'));
  const found = run('find', root, '-name', '*.ko*').split('\n');
  const pathOf = (module: string) => {
    const path = found.find((each) => new RegExp(`/${module}\\.ko(\\.xz)?$`).test(each));
    if (path === undefined) throw new Error(`the kernel of Debian ${suite} has no module ${module}`);
    if (path.endsWith('.xz')) run('xz', '-d', path);
    return path.replace(/\.xz$/, '');
  };
  return { image: join(root, 'boot', image!), modules: modules.map(pathOf) };
}
