import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigRefusal } from '../../../src/config/config.ts';
import { parseConfigFile } from '../../../src/config/file/config-file.ts';
import { parseAddress } from '../../../src/model/ip-address.ts';

/** What stands in the file below `destinations`, and the refusal without the name of the file. */
const REFUSED: readonly (readonly [line: string, message: RegExp])[] = [
  [
    'db.example:5432: x',
    /^2:3: db\.example:5432 is no address or network: give 10\.0\.0\.50, .*names are not looked up$/,
  ],
  ['10.0.0.300: x', /^2:3: 10\.0\.0\.300 is no address or network/],
  ['10.0.0.50/33: x', /^2:3: 10\.0\.0\.50\/33 has a prefix that is not possible: give one from 0 to 32$/],
  ['2001:db8::/129: x', /has a prefix that is not possible: give one from 0 to 128$/],
  ['::ffff:10.0.0.0/8: x', /has a prefix that is not possible: give one from 96 to 128$/],
  ['10.0.0.50/24: x', /^2:3: 10\.0\.0\.50\/24 has bits of a host behind its prefix: give the first address/],
  ['10.0.0.50:0: x', /has no port from 1 to 65535 behind the colon$/],
  ['10.0.0.50:65536: x', /has no port from 1 to 65535 behind the colon$/],
  ['10.0.0.50: other', /cannot be called "other": that is what has no series/],
  ['10.0.0.50: filtered', /cannot be called "filtered": that is/],
  ['10.0.0.50:', /cannot be called "": give 1 to 64 characters that can be seen$/],
  ['10.0.0.50: "a\\u202eb"', /cannot be called "a\\u202eb": give 1 to 64 characters/],
  [`10.0.0.50: ${'x'.repeat(65)}`, /give 1 to 64 characters/],
  ['10.0.0.50: [a]', /^2:3: 10\.0\.0\.50 has to be a text$/],
  ['10.0.0.50: a\n  10.0.0.50/32: b', /^3:3: 10\.0\.0\.50\/32 is the same as the one at names\.yml:2:3: leave one/],
  ['10.0.0.50: a\n  10.0.0.50: b', /^3:3: 10\.0\.0\.50 is there twice: leave one of them out$/],
];

/** The same below `filters`. */
const REFUSED_FILTERS: readonly (readonly [line: string, message: RegExp])[] = [
  [
    'port: {}',
    /^names\.yml:2:3: unknown key "port" in filters: allowed are local_port, remote_port, remote_ip, process,/,
  ],
  ['process: [a]', /^names\.yml:2:3: process has to be a mapping/],
  ['process: {exclude: a}', /^names\.yml:2:13: exclude has to be a list$/],
  ['process: {include: []}', /^names\.yml:2:13: include has no entry: give one, or leave it out$/],
  ['process: {exclude: [a, ""]}', /^names\.yml:2:26: is no name: give 1 to 256 characters that can be seen/],
  ['process: {exclude: ["a\\u202eb"]}', /: a\\u202eb is no name/],
  ['unit: {exclude: [{a: b}]}', /^names\.yml:2:20: exclude has to be a text: one that begins with \{ needs quotes$/],
  ['local_port: {exclude: [0]}', /^names\.yml:2:26: 0 is no port: give one from 1 to 65535, or a range \(8000-8999\)$/],
  ['local_port: {exclude: [65536]}', /65536 is no port/],
  ['remote_port: {include: [9-8]}', /9-8 is no port/],
  ['remote_port: {include: [https]}', /https is no port/],
  [
    'remote_ip: {exclude: [10.0.0.50:80]}',
    /10\.0\.0\.50:80 is no address or network: give .* or loopback; names are not/,
  ],
  ['remote_ip: {exclude: [localhost]}', /localhost is no address or network: give .* or loopback/],
  ['remote_ip: {exclude: ["fe80::1%eth0"]}', /fe80::1%eth0 is no address or network/],
  ['remote_ip: {exclude: [10.0.0.1/8]}', /10\.0\.0\.1\/8 has bits of a host behind its prefix/],
  ['drop: 1', /^names\.yml:2:3: drop has to be true or false$/],
];

/** What stands in the list below `processes`, and the refusal. */
const REFUSED_RULES: readonly (readonly [rule: string, message: RegExp])[] = [
  ['{process: java}', /^2:5: processes has a rule without a name: give name:/],
  ['{name: x}', /^2:6: name would be the name of every process: give one of process, unit, .* beside it$/],
  ['{comm: java, name: x}', /^2:6: unknown key "comm" in processes: allowed are process, unit, container, script,/],
  ['java', /^2:5: processes has to be a mapping/],
  ['{process: java, name: {script}}', /^2:21: name has to be a text: one that begins with \{ needs quotes$/],
  ['{script: *.jar, name: x}', /the alias has no anchor before it \(a text that begins with \* needs quotes\)$/],
  ['{process: [java], name: x}', /^2:6: process has to be a text$/],
  ['{process: "", name: x}', /^2:6: process has to have 1 to 256 characters$/],
  [`{process: ${'x'.repeat(257)}, name: x}`, /^2:6: process has to have 1 to 256 characters$/],
  ['{script: "a{b", name: x}', /^2:6: script has a brace that belongs to no \{word\} of small letters/],
  ['{script: "*1*2*3*4*5*6*7*8{a}", name: x}', /^2:6: script has more than 8 of \* and \{word\}/],
  ['{script: "{unit}", name: x}', /^2:6: script has \{unit\}, which stands for something else already/],
  ['{script: "{a}", unit: "{a}", name: x}', /^2:6: script has \{a\}, which stands for something else already/],
  ['{process: x, name: "{command_line}"}', /^2:18: name takes \{command_line\}, which may have passwords/],
  ['{script: "{a}", name: "{b}"}', /^2:21: name takes \{b\}, which nothing gives: allowed are \{process\}, .*, \{a\}$/],
  ['{process: x, name: "{a"}', /^2:18: name has a brace without its other half$/],
  ['{process: x, name: unknown}', /^2:18: name cannot be called "unknown"/],
  ['{process: x, name: "a\\u202eb"}', /^2:18: name cannot be called "a\\u202eb": give 1 to 64 characters/],
];

describe('parseConfigFile', () => {
  it('takes nothing for nothing', () => {
    assert.deepEqual(parseConfigFile('', 'names.yml').destinations, []);
    assert.deepEqual(parseConfigFile('destinations:\n', 'names.yml').destinations, []);
  });

  it('takes a name that looks like a number as it is written', () => {
    assert.equal(parseConfigFile('destinations: {10.0.0.1: 0x10}', 'names.yml').destinations[0]?.name, '0x10');
  });

  it('refuses an unknown section', () => {
    assert.throws(() => parseConfigFile('destination: {}\n', 'names.yml'), {
      message: /^names\.yml:1:1: unknown key "destination": allowed are destinations/,
    });
  });

  for (const [line, message] of REFUSED) {
    it(`refuses ${JSON.stringify(line.slice(0, 40))} with file, line, value and the way out`, () => {
      assert.throws(
        () => parseConfigFile(`destinations:\n  ${line}\n`, 'names.yml'),
        (error) => {
          assert.ok(error instanceof ConfigRefusal);
          assert.match(error.message.replace('names.yml:', ''), message);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      );
    });
  }

  it('takes filters by label: ports and ranges, networks and loopback, names and patterns', () => {
    const { filters } = parseConfigFile(
      'filters: {local_port: {exclude: [22, 8000-8999]}, remote_ip: {include: [10.0.0.0/8], exclude: [loopback, "::ffff:10.1.0.0/112"]}, process: {exclude: [kube*, 7]}, drop: yes}',
      'names.yml',
    );
    const network = (address: string, prefix: number) => ({ network: parseAddress(address)!, prefix });
    assert.deepEqual(filters, {
      localPort: {
        exclude: [
          { first: 22, last: 22 },
          { first: 8000, last: 8999 },
        ],
      },
      remoteIp: {
        include: [network('10.0.0.0', 8)],
        exclude: [network('127.0.0.0', 8), network('::1', 128), network('10.1.0.0', 16)],
      },
      process: { exclude: ['kube*', '7'] },
      isDropped: true,
    });
    assert.equal(parseConfigFile('filters:\n', 'names.yml').filters, undefined);
  });

  for (const [line, message] of REFUSED_FILTERS) {
    it(`refuses a filter ${line} with file, line, value and the way out`, () => {
      assert.throws(() => parseConfigFile(`filters:\n  ${line}\n`, 'names.yml'), { name: 'ConfigRefusal', message });
    });
  }

  for (const [rule, message] of REFUSED_RULES) {
    it(`refuses the rule ${JSON.stringify(rule.slice(0, 50))} in the same way`, () => {
      assert.throws(
        () => parseConfigFile(`processes:\n  - ${rule}\n`, 'names.yml'),
        (error) => {
          assert.ok(error instanceof ConfigRefusal);
          assert.match(error.message.replace('names.yml:', ''), message);
          return true;
        },
      );
    });
  }

  it('keeps the order of rules for processes, and takes up to 1000', () => {
    const parse = (rules: number) => parseConfigFile(`processes:\n${'- {unit: a, name: b}\n'.repeat(rules)}`, 'a.yml');
    assert.equal(parse(1000).processes.length, 1000);
    assert.throws(() => parse(1001), /processes has 1001 rules: give 1000 at most/);
    assert.deepEqual(
      parseConfigFile('processes: [{script: "{a}", process: 1, name: "{a}"}, {unit: b, name: 0x1}]', 'a.yml').processes,
      [
        {
          traits: [
            ['process', '1'],
            ['script', '{a}'],
          ],
          name: '{a}',
        },
        { traits: [['unit', 'b']], name: '0x1' },
      ],
    );
  });

  it('refuses more rules than it can hold', () => {
    const lines = Array.from({ length: 10_001 }, (_, index) => `  10.0.${index >> 8}.${index & 255}: x\n`);
    const parse = (text: string) => parseConfigFile(`destinations:\n${text}`, 'names.yml').destinations.length;
    assert.throws(() => parse(lines.join('')), /has 10001 entries: give 10000 at most/);
    assert.equal(parse(lines.slice(1).join('')), 10_000);
  });
});
