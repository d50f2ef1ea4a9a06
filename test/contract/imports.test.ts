import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Which rooms a room may import from. A file at the top of src/ is a room of its own, named without its ending. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  platform: ['model'],
  tally: ['model'],
  collector: ['model', 'platform', 'small-heap', 'tally'],
  metrics: ['model'],
  config: ['model'],
  log: ['model'],
  'small-heap': [],
  version: ['metrics'],
  'change-log': ['log', 'model', 'platform'],
  scraper: ['change-log', 'collector', 'log', 'metrics', 'model'],
  'self-check': ['collector', 'model', 'platform'],
  http: ['config', 'log', 'metrics', 'model', 'scraper', 'version'],
  'open-log': ['config', 'log'],
  service: ['config', 'platform'],
  program: ['config', 'http', 'log', 'model', 'open-log', 'scraper', 'self-check', 'service', 'version'],
  main: ['program', 'small-heap'],
};

/** The only files that may import a package. */
const DOORS: Readonly<Record<string, RegExp>> = {
  koffi: /^(platform\/(linux\/libc|windows\/(iphlpapi|[a-z]+32|ntdll|winevt))|service\/advapi32)\.ts$/,
  'prom-client': /^metrics\/(exposition|self|prom-client-default-metrics\.d)\.ts$/,
  execa: /^platform\/windows\/(netsh|wevtutil|run-command)\.ts$/,
  fastify: /^(http\/|program\.ts)/,
  '@fastify/helmet': /^http\//,
  pino: /^log\.ts$/,
  yaml: /^http\//,
  bcryptjs: /^http\//,
};

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);

describe('src/', () => {
  it('has imports that this test can see', () => {
    assert.ok(files.length > 80 && imports.length > 200, `${files.length} files, ${imports.length} imports`);
  });

  it('lets data flow one way: each room imports only what stands before it', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false;
      const from = roomOf(file);
      const to = roomOf(normalize(join(dirname(file), target)));
      return from !== to && !(MAY_IMPORT[from] ?? []).includes(to);
    });
    assert.deepEqual(wrong, []);
  });

  it('has every room on the plan', () => {
    assert.deepEqual(
      files.map(roomOf).filter((room) => !(room in MAY_IMPORT)),
      [],
    );
  });

  it('imports each package through its own door, and only packages that are dependencies', () => {
    const packages = imports.filter(({ target }) => !target.startsWith('.') && !isBuiltin(target));
    const wrong = packages.filter(({ file, target }) => !DOORS[packageOf(target)]?.test(file));
    assert.deepEqual(wrong, []);
    const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const used = new Set(packages.map(({ target }) => packageOf(target)));
    assert.deepEqual([...used].sort(), Object.keys(dependencies).sort());
  });

  it('spawns nothing but through execa', () => {
    assert.deepEqual(
      imports.filter(({ target }) => target.replace('node:', '') === 'child_process'),
      [],
    );
  });

  it('keeps the two platforms apart', () => {
    const wrong = imports.filter(
      ({ file, target }) => file.startsWith('platform/linux/') && target.includes('windows'),
    );
    assert.deepEqual(wrong, []);
    assert.deepEqual(
      imports.filter(({ file, target }) => file.startsWith('platform/windows/') && target.includes('linux')),
      [],
    );
  });

  it('reads argv and the environment only where options are read', () => {
    const readers = files.filter((file) => /process\.(argv|env)\b/.test(readFileSync(join(SRC, file), 'utf8')));
    assert.deepEqual(
      readers.filter((file) => roomOf(file) !== 'config'),
      [],
    );
  });

  it('exits only in program.ts', () => {
    const exits = files.filter((file) => /process\.exit\(/.test(readFileSync(join(SRC, file), 'utf8')));
    assert.deepEqual(exits, ['program.ts']);
  });

  it('keeps files short', () => {
    const long = files.filter((file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 251);
    assert.deepEqual(long, []);
  });
});

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const pattern = /^(?:import|export)\s[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gms;
  return [...text.matchAll(pattern)].map((match) => ({ file, target: match[1] ?? match[2] ?? match[3]! }));
}

function roomOf(file: string): string {
  return file.split('/')[0]!.replace(/\.[tj]s$/, '');
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

function isBuiltin(target: string): boolean {
  return target.startsWith('node:') || builtinModules.includes(target);
}
