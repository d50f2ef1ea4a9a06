import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readCommand } from '../../../src/config/config.ts';
import { parseDuration } from '../../../src/config/duration.ts';
import { formatListenAddress, LISTEN_ADDRESS } from '../../../src/config/listen-address.ts';
import { parseSubjectAltNames } from '../../../src/http/connection/subject-alt-names.ts';
import { parseWeightedHeader } from '../../../src/http/pages/weighted-header.ts';
import { parseWebConfig } from '../../../src/http/web-config/web-config.ts';
import { renderExposition } from '../../../src/metrics/exposition.ts';
import { gauge } from '../../../src/metrics/family.ts';
import { formatAddress, parseAddress } from '../../../src/model/ip-address.ts';
import { parsePortList } from '../../../src/model/port-range.ts';
import { parseCgroupMounts } from '../../../src/platform/linux/cgroups/cgroup-mount.ts';
import { parseStat } from '../../../src/platform/linux/owners/process-identity.ts';
import { parseSnmp } from '../../../src/platform/linux/procfs/proc-snmp.ts';
import { parseEvents } from '../../../src/platform/windows/commands/event-xml.ts';
import { parseDynamicRange, parseExcludedRanges } from '../../../src/platform/windows/commands/netsh-ports.ts';
import { applicationPoolOf, decodeUnicodeString } from '../../../src/platform/windows/processes/command-line.ts';
import { NameTable } from '../../../src/table/name-table.ts';
import { parseExposition } from '../../support/pages/exposition-parser.ts';
import { checkProperty } from '../check-property.ts';

const record = <Model>(model: { [Key in keyof Model]: fc.Arbitrary<Model[Key]> }) =>
  fc.record(model, { noNullPrototype: true });
const counter = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const interval = fc
  .tuple(fc.nat(65_535), fc.nat(65_535))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const text = fc.string({ unit: 'binary', maxLength: 40 });

describe('text of Linux that a test has printed', () => {
  it('/proc/net/snmp: the counters, whatever others stand between them', async (t) => {
    const others = fc.uniqueArray(fc.stringMatching(/^Other[A-Z][a-z]{1,8}$/), { maxLength: 5 });
    const property = fc.property(others, counter, counter, (names, opens, fails) => {
      const columns = new Map<string, bigint>([
        ...names.map((name) => [name, 5n] as const),
        ['ActiveOpens', opens],
        ['AttemptFails', fails],
      ]);
      const page = `Ip: Forwarding\nIp: 1\nTcp: ${[...columns.keys()].join(' ')}\nTcp: ${[...columns.values()].join(' ')}\nUdp: a\nUdp: 1\n`;
      assert.deepEqual(parseSnmp(page, 'snmp'), { activeOpens: Number(opens), attemptFails: Number(fails) });
    });
    await checkProperty(t, property);
  });

  it('/proc/PID/stat: start time and any name', async (t) => {
    const property = fc.property(
      text,
      fc.nat(),
      fc.constantFrom('S', 'R', 'Z'),
      fc.integer({ min: 1, max: 50 }),
      (name, startTime, state, threads) => {
        const fields = [state, ...Array<number>(16).fill(1), threads, 0, startTime, 5, 6];
        const isLeaderGone = state === 'Z' && threads > 1;
        assert.deepEqual(parseStat(`42 (${name}) ${fields.join(' ')}\n`), {
          startTime,
          name,
          argStart: 0,
          threadCount: threads,
          isLeaderGone,
        });
      },
    );
    await checkProperty(t, property);
  });

  it('/proc/PID/mountinfo: any path', async (t) => {
    const path = fc.array(fc.stringMatching(/^[^/\0]{1,12}$/), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    const escapeBlanks = (name: string) =>
      name.replaceAll(/[ \t\n\\]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
    const property = fc.property(path, path, (directory, cgroup) => {
      fc.pre(!cgroup.includes('/..') && !/[\s]/.test(escapeBlanks(directory + cgroup)));
      const line = `30 23 0:26 ${escapeBlanks(cgroup)} ${escapeBlanks(directory)} rw shared:4 - cgroup2 cgroup rw\n`;
      assert.deepEqual(parseCgroupMounts(line), [{ directory, cgroup, climbs: 0 }]);
    });
    await checkProperty(t, property);
  });

  it('lists of ports', async (t) => {
    const property = fc.property(fc.array(interval), (list) => {
      const printed = list.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
      assert.deepEqual(parsePortList(`${printed}\n`), list);
    });
    await checkProperty(t, property);
  });
});

describe('text of Windows that a test has printed', () => {
  it('netsh: ranges in any words', async (t) => {
    const words = fc.stringMatching(/^[A-Za-z\x80-\xff -]{0,20}$/);
    const rows = fc.array(record({ range: interval, isAdministered: fc.boolean() }), { maxLength: 8 });
    const property = fc.property(words, interval, rows, (word, { first, last }, exclusions) => {
      fc.pre(first > 0);
      const dynamic = `\r\n${word}\r\n---------------\r\n${word} x : ${first}\r\n${word} y : ${last - first + 1}\r\n\r\n`;
      assert.deepEqual(parseDynamicRange(dynamic), { first, last });
      const printed = exclusions.map(
        ({ range, isAdministered }) => `     ${range.first}       ${range.last}${isAdministered ? '     *' : ''}\r\n`,
      );
      const table = `\r\n${word}\r\n\r\n${word} a    b\r\n----------    --------\r\n${printed.join('')}\r\n* - ${word}\r\n`;
      assert.deepEqual(
        parseExcludedRanges(table),
        exclusions.map(({ range }) => range),
      );
    });
    await checkProperty(t, property);
  });

  it('events', async (t) => {
    const event = record({
      id: fc.nat(65_535),
      record: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      time: fc.stringMatching(/^[\w:.-]{1,30}$/),
    });
    const property = fc.property(fc.array(event, { maxLength: 6 }), fc.constantFrom("'", '"'), (events, quote) => {
      const printed = events.map(
        ({ id, record, time }) =>
          `<Event xmlns='x'><System><EventID Qualifiers='0'>${id}</EventID><TimeCreated SystemTime=${quote}${time}${quote}/><EventRecordID>${record}</EventRecordID></System></Event>`,
      );
      assert.deepEqual(parseEvents(printed.join('\r\n')), events);
    });
    await checkProperty(t, property);
  });

  it('command lines, and the application pool in them', async (t) => {
    const pool = fc.stringMatching(/^[^"\0]{1,30}$/);
    const property = fc.property(pool, (name) => {
      const line = `c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "${name}" -v "v4.0"`;
      const characters = Buffer.from(line, 'utf16le');
      const head = Buffer.alloc(16);
      head.writeUInt16LE(characters.length, 0);
      const decoded = decodeUnicodeString(Buffer.concat([head, characters, Buffer.alloc(10, 0xee)]));
      assert.equal(decoded, line);
      assert.equal(applicationPoolOf(line), name);
    });
    await checkProperty(t, property);
  });
});

describe('text of networks and operators that a test has printed', () => {
  it('addresses, in the shortest form that Node knows too', async (t) => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const short = formatAddress(parseAddress(address)!);
      if (!isIPv6(address)) assert.equal(short, address);
      else if (!short.includes('.')) assert.equal(short, new URL(`http://[${address}]`).hostname.slice(1, -1));
      assert.deepEqual(parseAddress(short), parseAddress(address));
    });
    await checkProperty(t, property, 500);
  });

  it('listen addresses, through the command line too', async (t) => {
    const host = fc.oneof(fc.constant(undefined), fc.domain(), fc.ipV4(), fc.ipV6());
    const property = fc.property(host, fc.nat(65_535), (name, port) => {
      const printed = formatListenAddress({ host: name, port });
      assert.deepEqual(LISTEN_ADDRESS.parse(printed), { host: name, port });
      const command = readCommand('linux', [`--web.listen-address=${printed}`], {});
      assert.deepEqual(command.kind === 'run' && command.config.listenAddresses, [{ host: name, port }]);
    });
    await checkProperty(t, property);
  });

  it('durations', async (t) => {
    const property = fc.property(fc.nat(5000), fc.nat(59), fc.nat(59), fc.nat(999), (h, m, s, ms) => {
      assert.equal(parseDuration(`${h}h${m}m${s}s${ms}ms`), ((h * 60 + m) * 60 + s) * 1000 + ms);
    });
    await checkProperty(t, property);
  });

  it('weighted headers', async (t) => {
    const token = fc.stringMatching(/^[a-z][a-z0-9/+.-]{0,15}$/);
    const alternative = record({
      name: token,
      version: token,
      quality: fc.nat(1000).map((thousandths) => thousandths / 1000),
    });
    const property = fc.property(fc.array(alternative, { maxLength: 6 }), (alternatives) => {
      const header = alternatives
        .map(({ name, version, quality }) => `${name.toUpperCase()} ; version="${version}";q=${quality}`)
        .join(' , ');
      const read = parseWeightedHeader(header).map(({ name, parameters, quality }) => ({
        name,
        version: parameters.get('version'),
        quality,
      }));
      assert.deepEqual(read, alternatives);
    });
    await checkProperty(t, property);
  });

  it('names of certificates, quoted as Node quotes them', async (t) => {
    const value = fc.stringMatching(/^[!-~ ]{1,30}$/);
    const property = fc.property(fc.array(value, { maxLength: 5 }), (names) => {
      const printed = names
        .map((name) => (/[,"\\]/.test(name) ? `DNS:${JSON.stringify(name)}` : `DNS:${name}`))
        .join(', ');
      assert.deepEqual(parseSubjectAltNames(printed), names);
    });
    await checkProperty(t, property);
  });

  it('web configurations: every user and header', async (t) => {
    const hash = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
    const users = fc.uniqueArray(fc.stringMatching(/^[^:\p{C}\p{Z}]{1,20}$/u), { maxLength: 6 });
    const header = fc.stringMatching(/^[!-~]{1,40}$/);
    const property = fc.property(users, header, (names, value) => {
      const printed = [
        `basic_auth_users: {${names.map((name) => `${JSON.stringify(name)}: "${hash}"`).join(', ')}}`,
        `http_server_config: {headers: {X-XSS-Protection: ${JSON.stringify(value)}}}`,
      ].join('\n');
      const config = parseWebConfig(printed, 'web.yml');
      assert.deepEqual([...config.users.keys()], names);
      assert.equal(config.headers.get('X-XSS-Protection'), value);
    });
    await checkProperty(t, property);
  });
});

describe('the page', () => {
  it('has every name once, as the bytes on the wire, in both formats', async (t) => {
    const names = fc.array(
      fc.oneof(text, fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '{', '}', ',', '=') })),
      { maxLength: 20 },
    );
    const format = fc.constantFrom('text' as const, 'openmetrics' as const);
    const property = fc.asyncProperty(names, format, async (wanted, kind) => {
      const table = new NameTable();
      const ids = new Set(wanted.map((name) => table.intern(name)));
      const samples = [...ids].map((id, value) => ({ labels: [table.nameOf(id)] as const, value }));
      const family = gauge('fuzz_names', ['process'], 'Help.', [
        ...samples,
        { labels: ['unknown'] as const, value: -1 },
      ]);
      const page = await renderExposition([family], undefined, kind);
      const read = parseExposition(Buffer.from(page.body).toString(), kind).get('fuzz_names')!.samples;
      assert.deepEqual(
        read.map(({ labels, value }) => [labels.process, value]),
        [...samples.map(({ labels, value }) => [labels[0], value]), ['unknown', -1]],
      );
    });
    await checkProperty(t, property);
  });
});
