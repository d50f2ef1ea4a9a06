import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseCgroupMounts } from '../../../src/platform/linux/cgroups/cgroup-mount.ts';
import { parseOpenFilesLimit } from '../../../src/platform/linux/owners/process-fds.ts';
import { parseCapabilities } from '../../../src/platform/linux/procfs/capabilities.ts';
import { readConntrack } from '../../../src/platform/linux/procfs/conntrack.ts';
import { readEphemeralRules } from '../../../src/platform/linux/procfs/ephemeral-rules.ts';
import { parseKernelCount, parseKernelInteger } from '../../../src/platform/linux/procfs/kernel-number.ts';
import { parsePageSize } from '../../../src/platform/linux/procfs/page-size.ts';
import { parseNetstat } from '../../../src/platform/linux/procfs/proc-netstat.ts';
import { parseSnmp } from '../../../src/platform/linux/procfs/proc-snmp.ts';
import { parseSockstat } from '../../../src/platform/linux/procfs/proc-sockstat.ts';
import { readSysctlList } from '../../../src/platform/linux/procfs/sysctl.ts';
import { parseCleanMappings, parseCodeRange } from '../../../src/platform/linux/program-pages.ts';
import { answerOf, type FuzzTarget, type ReadFixture } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const SETTINGS = [
  'ip_local_port_range',
  'ip_local_reserved_ports',
  'tcp_tw_reuse',
  'tcp_timestamps',
  'tcp_tw_reuse_delay',
];

export const PROC_TEXTS: Readonly<Record<string, FuzzTarget>> = {
  snmp: {
    drives: ['platform/linux/proc-snmp.ts#parseSnmp', 'platform/linux/proc-mib.ts#parseMib'],
    holds: 'counters that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/snmp'),
    run: (input) => checkNumbers(answerOf(() => parseSnmp(input.toString(), '/snmp'), { says: /^\/snmp/ })),
  },
  netstat: {
    drives: ['platform/linux/proc-netstat.ts#parseNetstat', 'platform/linux/proc-mib.ts#parseMib'],
    holds: 'counters that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/netstat'),
    run: (input) => checkNumbers(answerOf(() => parseNetstat(input.toString(), '/netstat'), { says: /^\/netstat/ })),
  },
  sockstat: {
    drives: ['platform/linux/proc-sockstat.ts#parseSockstat'],
    holds: 'counts that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/sockstat'),
    run: (input) => checkNumbers(answerOf(() => parseSockstat(input.toString(), '/sockstat'), { says: /^\/sockstat/ })),
  },
  'process-status': {
    drives: ['platform/linux/status.ts#parseCapabilities'],
    holds: 'yes or no for each, or a refusal that names the file',
    seeds: recorded('self/status'),
    run(input) {
      const capabilities = answerOf(() => parseCapabilities(input.toString(), '/status'), { says: /^\/status/ });
      for (const value of Object.values(capabilities ?? {})) assert.equal(typeof value, 'boolean');
    },
  },
  'page-size': {
    drives: ['platform/linux/page-size.ts#parsePageSize'],
    holds: 'a positive number of whole kB, or a refusal that names the file',
    seeds: recorded('self/smaps'),
    run(input) {
      const size = answerOf(() => parsePageSize(input.toString(), '/smaps'), { says: /^\/smaps/ });
      assert.ok(size === undefined || (size > 0 && size % 1024 === 0 && Number.isSafeInteger(size)));
    },
  },
  'program-pages': {
    drives: ['platform/linux/program-pages.ts#parseCleanMappings', 'platform/linux/program-pages.ts#parseCodeRange'],
    holds: 'ranges that are not empty, of read-only mappings of the program; no address of code, or two',
    seeds: () => [
      '400000-b6f000 r--p 00000000 fe:00 26 /usr/bin/node\nAnonymous: 0 kB\nSwap: 0 kB\n',
      'b72000-25fe000 r-xp 00772000 fe:00 26 /usr/bin/node\nAnonymous:             0 kB\nSwap:                  0 kB\n',
      `1 (node) S ${'0 '.repeat(22)}4194304 39846385 0\n`,
    ],
    run(input) {
      const text = input.toString();
      const code = parseCodeRange(text) ?? { start: 0n, end: 0xffffffffffffn };
      for (const { start, end } of parseCleanMappings(text, '/usr/bin/node', code)) {
        assert.ok(start < end);
        assert.match(text, new RegExp(`^0*${start.toString(16)}-0*${end.toString(16)} r-[x-]p .*/usr/bin/node$`, 'm'));
      }
    },
  },
  'open-files-limit': {
    drives: ['platform/linux/process-fds.ts#parseOpenFilesLimit'],
    holds: 'a finite number or none',
    seeds: () => [
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n',
      'Max open files unlimited unlimited files\n',
    ],
    run: (input) => checkNumbers({ limit: parseOpenFilesLimit(input.toString('latin1')) }),
  },
  mountinfo: {
    drives: ['platform/linux/cgroup-mount.ts#parseCgroupMounts'],
    holds: 'absolute paths, no more of them than lines',
    seeds: (read) => [
      read('linux/procfs/self/mountinfo'),
      '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n',
      '30 23 0:26 /../.. /a\\040b rw - cgroup2 x rw\n',
    ],
    run(input) {
      const text = input.toString();
      const mounts = parseCgroupMounts(text);
      assert.ok(mounts.length <= text.split('\n').length);
      for (const { directory, cgroup } of mounts) assert.ok(directory.startsWith('/') && cgroup.startsWith('/'));
    },
  },
  'kernel-number': {
    drives: ['platform/linux/kernel-number.ts#parseKernelInteger', 'platform/linux/kernel-number.ts#parseKernelCount'],
    holds: 'a number within 64 bits, a count not negative, or a refusal that names the place',
    seeds: () => ['0', '-1', '18446744073709551615', '60'],
    run(input) {
      const value = answerOf(() => parseKernelInteger(input.toString(), '/file'), { says: /^\/file/ });
      assert.ok(value === undefined || Math.abs(value) <= 2 ** 64);
      checkNumbers({ count: answerOf(() => parseKernelCount(input.toString(), '/file'), { says: /^\/file/ }) });
    },
  },
  sysctl: {
    drives: ['platform/linux/sysctl.ts#readSysctlList', 'platform/linux/conntrack.ts#readConntrack'],
    holds: 'as many numbers as asked for, or a refusal that names the file',
    seeds: (read) =>
      ['ipv4/tcp_mem', 'core/somaxconn', 'netfilter/nf_conntrack_max'].map((name) =>
        read(`linux/procfs/sys/net/${name}`),
      ),
    run(input, folder) {
      for (const name of ['net/netfilter/nf_conntrack_count', 'net/netfilter/nf_conntrack_max'])
        write(`${folder}/sys/${name}`, input);
      for (const length of [1, 2, 3]) {
        const values = answerOf(() => readSysctlList(folder, 'net/netfilter/nf_conntrack_max', length), {
          says: /nf_conntrack_max: not /,
        });
        assert.ok(values === undefined || (values.length === length && values.every(Number.isFinite)));
      }
      answerOf(() => readConntrack(folder), { says: /nf_conntrack_(count|max): not / });
    },
  },
  'ephemeral-rules': {
    drives: ['platform/linux/ephemeral-rules.ts#readEphemeralRules', 'model/port-range.ts#parsePortList'],
    holds: 'a range and exclusions within 0 to 65535, each the right way round, or a refusal that names the file',
    seeds: (read) => [
      joinPieces(SETTINGS.map((name) => read(`linux/procfs/sys/net/ipv4/${name}`))),
      joinPieces(['32768 60999\n', '8080,9148-9150\n', '2', '1', '1000']),
    ],
    run(input, folder) {
      const texts = splitPieces(input);
      for (const [index, name] of SETTINGS.entries())
        write(`${folder}/sys/net/ipv4/${name}`, texts[index] ?? Buffer.alloc(0));
      const rules = answerOf(() => readEphemeralRules(folder), { says: /\/sys\/net\/ipv4\/\w+: not / });
      const range = rules?.ranges.ipv4;
      for (const { first, last } of range === undefined ? [] : [range, ...range.excluded]) {
        assert.ok(Number.isInteger(first) && first >= 0 && first <= last && last <= 65_535);
      }
    },
  },
};

function recorded(name: string): (read: ReadFixture) => Buffer[] {
  return (read) => [read(`linux/procfs/${name}`)];
}

function checkNumbers(values: object = {}): void {
  for (const [name, value] of Object.entries(values) as [string, number | undefined][]) {
    assert.ok(value === undefined || (Number.isFinite(value) && value >= 0), `${name} is ${value}`);
  }
}

function write(path: string, text: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
