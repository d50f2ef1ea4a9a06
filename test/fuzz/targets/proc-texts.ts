import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseAnonymous } from '../../../src/metrics/anonymous-memory.ts';
import { parseCgroupMounts } from '../../../src/platform/linux/cgroups/cgroup-mount.ts';
import { directoryOf, parseCgroup2 } from '../../../src/platform/linux/cgroups/cgroup-path.ts';
import { isSinceKernel } from '../../../src/platform/linux/libc/kernel-release.ts';
import type { Libc } from '../../../src/platform/linux/libc/libc.ts';
import { createProtocolReader } from '../../../src/platform/linux/owners/closed-sockets.ts';
import { parseOpenFilesLimit } from '../../../src/platform/linux/owners/process-fds.ts';
import { parseCapabilities } from '../../../src/platform/linux/procfs/capabilities.ts';
import { readConntrack } from '../../../src/platform/linux/procfs/conntrack.ts';
import { parseConntrackStat } from '../../../src/platform/linux/procfs/conntrack-stat.ts';
import { readEphemeralRules } from '../../../src/platform/linux/procfs/ephemeral-rules.ts';
import { parseIsForeground } from '../../../src/platform/linux/procfs/foreground.ts';
import { parseKernelCount, parseKernelInteger } from '../../../src/platform/linux/procfs/kernel-number.ts';
import { parseNamespaceDepth } from '../../../src/platform/linux/procfs/namespace.ts';
import { parsePageSize } from '../../../src/platform/linux/procfs/page-size.ts';
import { parseNetstat } from '../../../src/platform/linux/procfs/proc-netstat.ts';
import { parseSnmp } from '../../../src/platform/linux/procfs/proc-snmp.ts';
import { parseSockstat } from '../../../src/platform/linux/procfs/proc-sockstat.ts';
import { readSysctlList } from '../../../src/platform/linux/procfs/sysctl.ts';
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
    drives: ['platform/linux/procfs/proc-snmp.ts#parseSnmp', 'platform/linux/procfs/proc-mib.ts#parseMib'],
    holds: 'counters that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/snmp'),
    run: (input) => checkNumbers(answerOf(() => parseSnmp(input.toString(), '/snmp'), { says: /^\/snmp/ })),
  },
  netstat: {
    drives: ['platform/linux/procfs/proc-netstat.ts#parseNetstat', 'platform/linux/procfs/proc-mib.ts#parseMib'],
    holds: 'counters that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/netstat'),
    run: (input) => checkNumbers(answerOf(() => parseNetstat(input.toString(), '/netstat'), { says: /^\/netstat/ })),
  },
  sockstat: {
    drives: ['platform/linux/procfs/proc-sockstat.ts#parseSockstat'],
    holds: 'counts that are finite and not negative, or a refusal that names the file',
    seeds: recorded('self/net/sockstat'),
    run: (input) => checkNumbers(answerOf(() => parseSockstat(input.toString(), '/sockstat'), { says: /^\/sockstat/ })),
  },
  'conntrack-stat': {
    drives: ['platform/linux/procfs/conntrack-stat.ts#parseConntrackStat'],
    holds: 'counters that are finite and not negative, or a refusal that names the file',
    seeds: () => ['entries  clashres insert_failed drop early_drop\n00000007  00000000 0000000a 0000000b 00000000\n'],
    run: (input) => checkNumbers(answerOf(() => parseConntrackStat(input.toString(), '/stat'), { says: /^\/stat/ })),
  },
  'process-status': {
    drives: ['platform/linux/procfs/capabilities.ts#parseCapabilities'],
    holds: 'yes or no for each, or a refusal that names the file',
    seeds: recorded('self/status'),
    run(input) {
      const capabilities = answerOf(() => parseCapabilities(input.toString(), '/status'), { says: /^\/status/ });
      for (const value of Object.values(capabilities ?? {})) assert.equal(typeof value, 'boolean');
    },
  },
  'namespace-depth': {
    drives: ['platform/linux/procfs/namespace.ts#parseNamespaceDepth'],
    holds: 'a whole number that is not negative, or none',
    seeds: (read) => [read('linux/procfs/self/status'), 'NSpid:\t812\t1\n'],
    run(input) {
      const depth = parseNamespaceDepth(input.toString());
      assert.ok(depth === undefined || (Number.isSafeInteger(depth) && depth >= 0));
    },
  },
  foreground: {
    drives: ['platform/linux/procfs/foreground.ts#parseIsForeground'],
    holds: 'yes or no, whatever the name of the process is',
    seeds: () => ['4711 (node) S 4000 4711 4000 34816 4711 4194304 1', '1 (a) S 1) R 0 1 1 0 -1'],
    run(input) {
      const isForeground = parseIsForeground(input.toString('latin1'));
      assert.equal(typeof isForeground, 'boolean');
      assert.equal(parseIsForeground(`1 (${input.toString('latin1')}) S 1 7 1 5 7 0`), true);
      assert.equal(parseIsForeground(`1 (${input.toString('latin1')}) S 1 7 1 5 8 0`), false);
    },
  },
  'kernel-release': {
    drives: ['platform/linux/libc/kernel-release.ts#isSinceKernel'],
    holds: 'yes or no; who is since 6.18 is since 6.8',
    seeds: () => ['6.18.44-fc-v595', '5.10', '6.8.0-45-generic'],
    run(input) {
      const release = input.toString();
      assert.ok(!isSinceKernel(release, 6, 18) || isSinceKernel(release, 6, 8));
    },
  },
  'anonymous-memory': {
    drives: ['metrics/anonymous-memory.ts#parseAnonymous'],
    holds: 'a whole number of kB that is exact, or nothing',
    seeds: recorded('self/status'),
    run(input) {
      const bytes = parseAnonymous(input.toString('latin1'));
      assert.ok(bytes === undefined || (bytes % 1024 === 0 && Number.isSafeInteger(bytes)));
    },
  },
  'page-size': {
    drives: ['platform/linux/procfs/page-size.ts#parsePageSize'],
    holds: 'a positive number of whole kB, or a refusal that names the file',
    seeds: recorded('self/smaps'),
    run(input) {
      const size = answerOf(() => parsePageSize(input.toString(), '/smaps'), { says: /^\/smaps/ });
      assert.ok(size === undefined || (size > 0 && size % 1024 === 0 && Number.isSafeInteger(size)));
    },
  },
  'open-files-limit': {
    drives: ['platform/linux/owners/process-fds.ts#parseOpenFilesLimit'],
    holds: 'a finite number or none',
    seeds: () => [
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n',
      'Max open files unlimited unlimited files\n',
    ],
    run: (input) => checkNumbers({ limit: parseOpenFilesLimit(input.toString('latin1')) }),
  },
  'socket-protocol': {
    drives: ['platform/linux/owners/closed-sockets.ts#createProtocolReader'],
    holds: 'a text no longer than what the attribute may be, or none',
    seeds: () => ['TCP\0', 'TCPv6\0', 'UNIX-STREAM\0'],
    run(input) {
      const getxattr: Libc['getxattr'] = (_path, _name, value, size) => {
        const answer = input.subarray(0, size);
        value.set(answer);
        return answer.length;
      };
      const protocol = createProtocolReader({ getxattr } as Libc, '/proc')('1', 2);
      assert.ok(protocol === undefined ? input.length === 0 : protocol.length < 32);
    },
  },
  'process-cgroup': {
    drives: ['platform/linux/cgroups/cgroup-path.ts#directoryOf', 'platform/linux/cgroups/cgroup-path.ts#parseCgroup2'],
    holds: 'a directory of the mount or below it, or none',
    seeds: () => ['0::/system.slice/a.service\n', '3:cpu:/\n0::/../../b\n', '0::/x/y (deleted)\n'],
    run(input) {
      for (const [cgroup, climbs] of [
        ['/', 0],
        ['/', 2],
        ['/x', 0],
      ] as const) {
        const found = directoryOf({ directory: '/mnt', cgroup, climbs }, input.toString(), (levels) =>
          '/own'.repeat(levels),
        );
        assert.ok(found === undefined || found === '/mnt' || found.startsWith('/mnt/'));
      }
      const seen = parseCgroup2(input.toString());
      assert.ok(seen === undefined || (seen.climbs >= 0 && !seen.below.startsWith('/../')));
    },
  },
  mountinfo: {
    drives: ['platform/linux/cgroups/cgroup-mount.ts#parseCgroupMounts'],
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
    drives: [
      'platform/linux/procfs/kernel-number.ts#parseKernelInteger',
      'platform/linux/procfs/kernel-number.ts#parseKernelCount',
    ],
    holds: 'a number within 64 bits, a count not negative, or a refusal that names the place',
    seeds: () => ['0', '-1', '18446744073709551615', '60'],
    run(input) {
      const value = answerOf(() => parseKernelInteger(input.toString(), '/file'), { says: /^\/file/ });
      assert.ok(value === undefined || Math.abs(value) <= 2 ** 64);
      checkNumbers({ count: answerOf(() => parseKernelCount(input.toString(), '/file'), { says: /^\/file/ }) });
    },
  },
  sysctl: {
    drives: ['platform/linux/procfs/sysctl.ts#readSysctlList', 'platform/linux/procfs/conntrack.ts#readConntrack'],
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
    drives: ['platform/linux/procfs/ephemeral-rules.ts#readEphemeralRules', 'model/port-range.ts#parsePortList'],
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
