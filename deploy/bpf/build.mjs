// Builds the programs that run in the kernel: src/platform/linux/bpf/c/NAME.bpf.c → NAME.skeleton.ts beside c/, which is committed.
// Needs clang, llvm-strip and bpftool of Debian 12 (apt-get install clang llvm bpftool libbpf-dev): other versions give other bytes.
// Usage: node deploy/bpf/build.mjs [folder]     writes into the folder instead
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const sources = fileURLToPath(new URL('../../src/platform/linux/bpf/c/', import.meta.url));
const folder = resolve(process.argv[2] ?? dirname(sources));

for (const file of readdirSync(sources).filter((name) => name.endsWith('.bpf.c'))) {
  const name = file.slice(0, -'.bpf.c'.length);
  const to = join(folder, `${name}.skeleton.ts`);
  writeFileSync(to, formatModule(name, parseSkeleton(compile(name))));
  process.stdout.write(`${to}\n`);
}

/** The header that `bpftool gen skeleton -L` makes of a program. Neither the machine's kernel nor its BTF is looked at. */
function compile(name) {
  const scratch = mkdtempSync(join(tmpdir(), 'build-bpf-'));
  const [object, stripped] = [join(scratch, 'object.o'), join(scratch, 'stripped.o')];
  try {
    const include = `/usr/include/${run('clang', ['-print-multiarch']).trim() || 'x86_64-linux-gnu'}`;
    const flags = [
      '-O2',
      '-g',
      '-mcpu=v3',
      '-target',
      'bpf',
      '-Wall',
      '-Werror',
      `-I${include}`,
      '-fdebug-compilation-dir=.', // no path of this machine in the line information
    ];
    run('clang', [...flags, '-c', `${name}.bpf.c`, '-o', object]);
    run('llvm-strip', ['-g', object, '-o', stripped]);
    return run('bpftool', ['gen', 'skeleton', '-L', stripped, 'name', name]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function run(command, flags) {
  const { status, stdout, stderr, error } = spawnSync(command, flags, {
    cwd: sources,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (error !== undefined)
    throw new Error(`${command}: ${error.message} (apt-get install clang llvm bpftool libbpf-dev)`);
  if (status !== 0) throw new Error(`${command} ${flags.join(' ')} failed:\n${stderr}`);
  return stdout;
}

/** Two blobs, in C's spelling of bytes, and the names of maps and programs in the order in which they are made. */
function parseSkeleton(text) {
  const namesOf = (kind) =>
    [...text.matchAll(new RegExp(`struct bpf_${kind}_desc (\\w+);`, 'g'))].map((match) => match[1]);
  return { data: blobOf(text, 'data'), loader: blobOf(text, 'insns'), maps: namesOf('map'), programs: namesOf('prog') };
}

function blobOf(text, field) {
  const match = new RegExp(`opts\\.${field} = \\(void \\*\\)"([^"]*)";`).exec(text);
  if (match === null) throw new Error(`bpftool wrote no ${field}`);
  return Buffer.from(match[1].replaceAll('\\\n', '').replaceAll('\\x', '').replaceAll('\\0', '00'), 'hex');
}

function formatModule(name, { data, loader, maps, programs }) {
  const bytes = Buffer.concat([data, loader]);
  const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }); // a fifth smaller than gzip
  const constant = name.toUpperCase().replaceAll('-', '_');
  const list = (names) => `[${names.map((each) => `'${each}'`).join(', ')}]`;
  return [
    "import type { PackedSkeleton } from './skeleton.ts';",
    '',
    `/** Made from c/${name}.bpf.c by \`npm run build:bpf\`: not to be edited. */`,
    `export const ${constant}: PackedSkeleton = {`,
    `  maps: ${list(maps)},`,
    `  programs: ${list(programs)},`,
    `  dataLength: ${data.length},`,
    `  brotli: '${packed.toString('base64')}',`,
    '};',
    '',
  ].join('\n');
}
