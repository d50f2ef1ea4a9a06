import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
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
    for (const { name } of collectorsOf('linux')) flags.add(`no-collector.${name}`);
    for (const each of ['self-check', 'version', 'ignore-scripts']) flags.add(each);
    const named = [...TEXT.matchAll(/--([a-z][a-z0-9.-]+)/g)].map(([, flag]) => flag!);
    assert.ok(named.length > 15);
    for (const flag of named) assert.ok(flags.has(flag), flag);
  });

  it('names every metric with an address, and tells whose', () => {
    const withLabel = (label: string) =>
      FAMILIES.filter(({ samples }) => samples[0]?.labels[label] !== undefined).map(({ name }) => name);
    const [, peers] = /^\| addresses of peers \| (.*) \|$/m.exec(TEXT)!;
    assert.deepEqual([...peers!.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort(), withLabel('remote_ip').sort());
    const [, host] = /^\| addresses of the host \| the last two, (.*) \|$/m.exec(TEXT)!;
    const destinations = withLabel('remote_ip').filter((name) => name.includes('destination'));
    const own = [...host!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    assert.deepEqual([...destinations, ...own].sort(), withLabel('local_ip').sort());
  });

  it('names only metrics that exist', () => {
    const names = FAMILIES.map(({ name }) => name);
    for (const [, metric] of TEXT.matchAll(/`(tcpstate_\w+?)(?:\*)?`/g))
      assert.ok(
        names.some((name) => name === metric || (metric!.endsWith('_') && name.startsWith(metric!))),
        metric,
      );
  });

  it('leads to sections and files that exist', () => {
    const readme = readFileSync(new URL('README.md', ROOT), 'utf8');
    const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor] of TEXT.matchAll(/\(README\.md#([\w-]+)\)/g)) assert.ok(anchors.includes(anchor!), anchor);
    for (const [, path] of TEXT.matchAll(/\]\((?!README)([^)#]+)\)/g))
      assert.ok(existsSync(new URL(path!, ROOT)), path);
    assert.ok(existsSync(new URL('deploy/kubernetes/overlays/unprivileged', ROOT)));
  });
});

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

  it('opens no connection: of the network modules it takes servers, and one lookup', () => {
    const names = importsFrom(/^(net|http|https|http2|tls|dgram|dns|dns\/promises)$/).map(({ name }) => name);
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

  it('writes no file but its log', () => {
    const writing = importsFrom(/^fs/).filter(({ name }) =>
      /^(write|append|create|mk|rename|rm|unlink|copy|cp|chmod|link|sym)/.test(name),
    );
    assert.deepEqual([...new Set(writing.map(({ file }) => file))], ['log/rotating-file.ts']);
  });

  it('reads neither memory nor command line or environment of a process, and where its program lies in one place only', () => {
    const prying = /\/(mem|maps|smaps|cmdline|environ|cwd|root|auxv|stack|syscall)\b['"`\\]/;
    const linux = SOURCES.filter(({ file }) => file.startsWith('platform/linux/'));
    assert.ok(linux.length > 30);
    assert.deepEqual(
      linux.filter(({ text }) => prying.test(text)).map(({ file }) => file),
      [],
    );
    assert.deepEqual(
      linux.filter(({ text }) => /\/exe\b/.test(text)).map(({ file }) => file),
      ['platform/linux/process-identity.ts'],
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
