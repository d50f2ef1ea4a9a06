import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIAGNOSE_OPTIONS } from '../../src/config/diagnose-options.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { collectorsOf } from '../../src/model/collectors.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { readGoldenPage } from '../support/pages/golden-pages.ts';

const ROOT = new URL('../../', import.meta.url);
const SRC = fileURLToPath(new URL('src/', ROOT));
const TEXT = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');
const SOURCES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(SRC + file, 'utf8') }));
const FAMILIES = [...parseExposition(readGoldenPage('linux.txt')).values()];

describe('SECURITY.md', () => {
  it('names only flags that exist', () => {
    const flags = new Set<string>(Object.values(OPTIONS).map(({ flag }) => flag));
    for (const { name, isOff } of collectorsOf('linux')) flags.add(`${isOff ? '' : 'no-'}collector.${name}`);
    for (const { flag } of Object.values(DIAGNOSE_OPTIONS)) flags.add(flag);
    flags.add(`no-${OPTIONS.livePage.flag}`);
    for (const each of ['self-check', 'version', 'ignore-scripts', 'disable-sigusr1']) flags.add(each);
    const named = [...TEXT.matchAll(/--([a-z][a-z0-9._-]+)/g)].map(([, flag]) => flag!);
    assert.ok(named.length > 15);
    for (const flag of named) assert.ok(flags.has(flag), flag);
  });

  for (const [shown, labels] of [
    ['addresses of peers', ['remote_ip']],
    ['addresses of the host', ['local_ip']],
    ['open ports, and ports called', ['local_port', 'remote_port']],
  ] as const) {
    it(`names every metric that shows ${shown}`, () => {
      const showing = FAMILIES.filter(({ samples }) => labels.some((label) => samples[0]?.labels[label] !== undefined));
      assert.deepEqual(namedInRow(shown), showing.map(({ name }) => name).sort());
    });
  }

  it('names only metrics that exist', () => {
    const names = FAMILIES.map(({ name }) => name);
    for (const [, metric] of TEXT.matchAll(/`(tcpstate_\w+?)(?:\*)?`/g))
      assert.ok(
        names.some((name) => name === metric || (metric!.endsWith('_') && name.startsWith(metric!))),
        metric,
      );
  });

  it('names overlays and drop-ins that exist', () => {
    const named = [...TEXT.matchAll(/`(deploy\/[\w/.-]+)`/g)].map(([, path]) => path!);
    assert.ok(named.length > 2);
    for (const path of named) assert.ok(existsSync(new URL(path, ROOT)), path);
  });
});

/** Metrics in a row of the table; `tcpstate_x_*` names all that begin like that. */
function namedInRow(shown: string): string[] {
  const row = TEXT.split('\n').find((line) => line.startsWith(`| ${shown} | `)) ?? '';
  const named = [...row.matchAll(/`(\w+)(\*?)`/g)].flatMap(([, text, rest]) =>
    FAMILIES.filter(({ name }) => (rest === '*' ? name.startsWith(text!) : name === text)),
  );
  return named.map(({ name }) => name).sort();
}

describe('the program keeps what SECURITY.md says of it', () => {
  /** Values, not types, that a file takes from a module of Node. */
  function importsFrom(modules: RegExp): { file: string; name: string }[] {
    return SOURCES.flatMap(({ file, text }) =>
      [...text.matchAll(/^import \{([^}]*)\} from '(?:node:)?([\w/]+)'/gms)]
        .filter(([, , module]) => modules.test(module!))
        .flatMap(([, names]) => names!.split(',').map((name) => name.trim().split(' as ')[0]!))
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ file, name })),
    );
  }

  it('opens no connection but to the page that diagnose is to read: of the network modules it takes servers, and one lookup', () => {
    const names = importsFrom(/^(net|http|https|http2|tls|dgram|dns|dns\/promises)$/)
      .filter(({ file }) => !['diagnose/page/read-page.ts', 'diagnose/page/other-scheme.ts'].includes(file))
      .map(({ name }) => name);
    const harmless = [
      'createServer',
      'createSecureContext',
      'createSecureServer',
      'STATUS_CODES',
      'constants',
      'isIPv6',
    ];
    assert.deepEqual(
      names.filter((name) => !harmless.includes(name)),
      ['lookup'],
    );
    assert.deepEqual(
      SOURCES.filter(({ text }) => /\bfetch\(|\bWebSocket\b|\bEventSource\b/.test(text)).map(({ file }) => file),
      [],
    );
  });

  it('writes no file but its log, and the rows of diagnose', () => {
    const writing = importsFrom(/^fs/).filter(({ name }) =>
      /^(write|append|create|mk|rename|rm|unlink|copy|cp|chmod|link|sym)/.test(name),
    );
    assert.deepEqual(
      [...new Set(writing.map(({ file }) => file))],
      ['diagnose/csv-file.ts', 'log/rotating-file.ts', 'log/write-line.ts'],
    );
  });

  it('reads neither memory nor environment of another process, and its command line and where its program lies in one place each', () => {
    const prying = /\/(mem|maps|smaps|cmdline|environ|cwd|root|auxv|stack|syscall)\b['"`\\]/;
    const linux = SOURCES.filter(({ file }) => file.startsWith('platform/linux/'));
    assert.ok(linux.length > 30);
    const ofItself = 'platform/linux/bpf/hand-over.ts';
    const own = linux.find(({ file }) => file === ofItself)!.text.matchAll(/\/proc\/(\w+)/g);
    for (const [path, pid] of own) assert.match(pid!, /^(self|PID)$/, path);
    assert.deepEqual(
      linux.filter(({ text }) => prying.test(text)).map(({ file }) => file),
      [ofItself, 'platform/linux/owners/command-line.ts'],
    );
    const commandLine = linux.find(({ file }) => file === 'platform/linux/owners/command-line.ts')!.text;
    assert.deepEqual(commandLine.match(/\$\{folder\}\/\w+/g), [`\${folder}/cmdline`]);
    assert.deepEqual(
      linux.filter(({ text }) => /\/exe\b/.test(text)).map(({ file }) => file),
      [ofItself, 'platform/linux/owners/process-identity.ts'],
    );
  });

  it('has four pages, all of them to be read', () => {
    const routes = SOURCES.flatMap(({ text }) => [
      ...text.matchAll(/\bapp\.(get|post|put|patch|delete|all|route|options)\b[^(]*\(\s*([^,]+),/g),
    ]);
    assert.deepEqual(routes.map(([, method, path]) => `${method} ${path}`).sort(), [
      "get '/'",
      "get '/-/healthy'",
      "get '/-/ready'",
      'get options.telemetryPath',
    ]);
  });
});
