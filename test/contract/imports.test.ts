import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * Which rooms a room may import from, rooms inside of them included. A room is the folder, or the file, with the longest name here that
 * a file is in.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  memory: [],
  table: ['model'],
  platform: ['model', 'table'],
  'platform/linux/libc': ['platform/platform', 'platform/reference'],
  'platform/linux/rows': ['model', 'table'],
  'platform/linux/bpf': [
    'platform/linux/libc',
    'platform/linux/procfs',
    'platform/linux/rows',
    'model',
    'table',
    'platform/platform',
  ],
  'platform/linux/netlink': ['platform/linux/libc', 'platform/linux/rows', 'model', 'table', 'platform/platform'],
  'platform/linux/procfs': ['platform/linux/libc', 'model', 'table', 'platform/platform', 'platform/reference'],
  'platform/linux/netns': ['platform/linux/cgroups', 'platform/linux/procfs', 'model', 'table', 'platform/platform'],
  'platform/linux/cgroups': ['platform/linux/procfs', 'model', 'platform/platform'],
  'platform/linux/owners': [
    'platform/linux/libc',
    'platform/linux/netlink',
    'platform/linux/procfs',
    'platform/linux/cgroups',
    'model',
    'table',
    'platform/platform',
  ],
  'platform/linux': ['model', 'table', 'platform/platform', 'platform/linux'],
  'platform/windows/dll': ['model'],
  'platform/windows/commands': ['model'],
  'platform/windows/sockets': ['platform/windows/dll', 'model', 'table', 'platform/platform'],
  'platform/windows/processes': ['platform/windows/dll', 'model', 'table', 'platform/platform'],
  'platform/windows/netstat': [
    'platform/windows/commands',
    'platform/windows/dll',
    'model',
    'table',
    'platform/reference',
  ],
  'platform/windows': ['model', 'platform/platform', 'platform/windows'],
  'platform/platform': ['model', 'table'],
  'platform/reference': ['model', 'table'],
  'platform/select': ['platform/linux', 'platform/windows', 'platform/platform', 'platform/reference', 'model'],
  enrich: ['model', 'table'],
  'tally/counting': ['model', 'table'],
  tally: ['model', 'table', 'tally/counting'],
  collector: ['enrich', 'memory', 'metrics', 'model', 'platform', 'table', 'tally'],
  metrics: ['model'],
  verdict: ['model'],
  config: ['model', 'verdict'],
  'config/file': ['config', 'log', 'model'],
  'config/wants-diagnose': [],
  log: ['model'],
  version: ['model'],
  scrape: ['collector', 'log', 'metrics', 'model', 'platform/platform', 'verdict'],
  'diagnose/page': ['config', 'diagnose/source', 'metrics', 'model'],
  'diagnose/source': ['model', 'table'],
  diagnose: ['collector', 'config', 'diagnose/source', 'model', 'platform', 'table', 'verdict'],
  'self-check': ['collector', 'model', 'platform', 'table'],
  'http/sharing': ['model'],
  'http/web-config': ['http/sharing', 'config', 'log', 'model'],
  'http/guard': ['http/sharing', 'http/web-config', 'log'],
  'http/connection': ['http/sharing', 'http/web-config', 'config', 'log', 'metrics', 'model'],
  'http/pages/live': ['model', 'platform/platform', 'scrape', 'verdict'],
  'http/pages': ['http/pages/live', 'http/sharing', 'log', 'metrics', 'model', 'scrape'],
  http: ['http/pages', 'http/sharing', 'log', 'model', 'scrape'],
  service: ['config', 'platform/windows/dll'],
  'start/ignore-debug-signal': [],
  start: [
    'config',
    'diagnose',
    'diagnose/page',
    'http',
    'log',
    'metrics',
    'model',
    'platform/select',
    'scrape',
    'self-check',
    'service',
    'version',
  ],
  main: ['config/wants-diagnose', 'memory', 'start'],
};

/** The only files that may import a package. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  koffi: [
    'platform/linux/bpf/bpf-call.ts',
    'platform/linux/libc/libc.ts',
    'platform/windows/dll/advapi32.ts',
    'platform/windows/dll/iphlpapi.ts',
    'platform/windows/dll/kernel32.ts',
    'platform/windows/dll/ntdll.ts',
    'service/service-calls.ts',
  ],
  'prom-client': ['metrics/anonymous-memory.ts', 'metrics/exposition.ts', 'metrics/self.ts'],
  execa: ['platform/windows/commands/run-command.ts'],
  fastify: [
    'http/server.ts',
    'http/pages/collected-page.ts',
    'http/pages/metrics.ts',
    'http/pages/pages.ts',
    'start/program.ts',
  ],
  '@fastify/helmet': ['http/server.ts', 'http/pages/security-headers.ts'],
  pino: ['log/log.ts'],
  yaml: ['config/file/yaml-field.ts'],
  yoctocolors: ['diagnose/palette.ts'],
  'string-width': ['diagnose/layout.ts'],
  'log-update': ['diagnose/watch.ts'],
  bcryptjs: ['http/web-config/basic-auth.ts'],
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
      return from !== to && !(MAY_IMPORT[from] ?? []).some((room) => isInside(to, room));
    });
    assert.deepEqual(wrong, []);
  });

  it('has every room on the plan, and on the plan only rooms and doors that are there', () => {
    assert.deepEqual(
      files.map(roomOf).filter((room) => !(room in MAY_IMPORT)),
      [],
    );
    const isThere = (room: string) => files.some((file) => isInside(file.replace(/\.[tj]s$/, ''), room));
    const named = [...Object.keys(MAY_IMPORT), ...Object.values(MAY_IMPORT).flat()];
    assert.deepEqual(
      named.filter((room) => !isThere(room)),
      [],
    );
  });

  it('imports each package through its own door, and only packages that are dependencies', () => {
    const packages = imports.filter(({ target }) => !target.startsWith('.') && !isBuiltin(target));
    const opened = new Set(packages.map(({ file, target }) => `${packageOf(target)} in ${file}`));
    const doors = Object.entries(DOORS).flatMap(([name, doorFiles]) => doorFiles.map((file) => `${name} in ${file}`));
    assert.deepEqual([...opened].sort(), doors.sort());
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

  it('reads argv and the environment only where options are read', () => {
    const readers = files.filter((file) => /process\.(argv|env)\b/.test(readFileSync(join(SRC, file), 'utf8')));
    assert.deepEqual(
      readers.filter((file) => !isInside(roomOf(file), 'config')),
      [],
    );
  });

  it('exits only in start/program.ts', () => {
    const exits = files.filter((file) => /process\.exit\(/.test(readFileSync(join(SRC, file), 'utf8')));
    assert.deepEqual(exits, ['start/program.ts']);
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
  const path = file.replace(/\.[tj]s$/, '');
  const rooms = Object.keys(MAY_IMPORT).filter((room) => isInside(path, room));
  return rooms.sort((left, right) => right.length - left.length)[0] ?? path;
}

function isInside(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`);
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
