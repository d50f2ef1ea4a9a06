import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, cpSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kernel } from './debian-kernel.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const INIT = fileURLToPath(new URL('guest-init.sh', import.meta.url));
const MEMORY_MB = 1536;
const MOST_MS = 180_000;

/** Starts a kernel under qemu, without KVM, with the built exporter and the programs of guest-init.sh; returns what it said, by section. */
export function runGuest(folder: string, kernel: Kernel, connectionMaker: string): ReadonlyMap<string, string> {
  const root = join(folder, 'guest');
  writeRoot(root, kernel, connectionMaker);
  const archive = join(folder, 'guest.cpio');
  const output = openSync(archive, 'w');
  const list = execFileSync('find', ['.'], { cwd: root });
  execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], { cwd: root, input: list, stdio: ['pipe', output, 'inherit'] });
  closeSync(output);
  const machine = ['-m', String(MEMORY_MB), '-smp', '1', '-cpu', 'max', '-display', 'none', '-no-reboot'];
  const boot = ['-kernel', kernel.image, '-initrd', archive, '-append', 'console=ttyS0 quiet panic=-1'];
  const [messages, answers] = [join(folder, 'messages'), join(folder, 'answers')];
  const serial = ['-serial', `file:${messages}`, '-serial', `file:${answers}`];
  const { error } = spawnSync('qemu-system-x86_64', [...machine, ...serial, ...boot], {
    timeout: MOST_MS,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const said = readFileSync(answers, 'utf8').replaceAll('\r', '');
  const sections = new Map(
    said.split(/^== /m).map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)]),
  );
  if (error !== undefined || !sections.has('end')) {
    const console = readFileSync(messages, 'utf8');
    throw new Error(`the guest did not end: ${said.slice(-2000)}\non its console: ${console.slice(-2000)}`);
  }
  return sections;
}

function writeRoot(root: string, { modules }: Kernel, connectionMaker: string): void {
  for (const name of ['bin', 'modules', 'app']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(INIT, join(root, 'init'));
  copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'));
  const programs = { node: process.execPath, ss: whereIs('ss'), 'connection-maker': connectionMaker };
  for (const [name, path] of Object.entries(programs)) {
    copyFileSync(realpathSync(path), join(root, 'bin', name));
    for (const library of librariesOf(path)) copyInto(root, library);
  }
  for (const module of modules) copyFileSync(module, join(root, 'modules', basename(module)));
  cpSync(join(ROOT, 'dist'), join(root, 'app/dist'), { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(root, 'app/package.json'));
  const packages = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: ROOT, encoding: 'utf8' });
  for (const path of packages.trim().split('\n').slice(1))
    cpSync(path, join(root, 'app', relative(ROOT, path)), { recursive: true });
}

function whereIs(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

function librariesOf(program: string): readonly string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...new Set(stdout.match(/\/\S+\.so\S*/g) ?? [])];
}

function copyInto(root: string, path: string): void {
  const to = join(root, path);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(path), to);
}
