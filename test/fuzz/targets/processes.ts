import assert from 'node:assert/strict';
import { compileGlob } from '../../../src/model/glob.ts';
import { toPrintable } from '../../../src/model/printable-text.ts';
import { createProcessNamer } from '../../../src/model/process-namer.ts';
import { scriptOf } from '../../../src/model/script-name.ts';
import { unitOfPath } from '../../../src/platform/linux/cgroups/unit-name.ts';
import { createCommandLineReader, splitArguments } from '../../../src/platform/linux/owners/command-line.ts';
import { createFdLinks, parseLink, RING } from '../../../src/platform/linux/owners/fd-links.ts';
import { createIdentityReader, parseStat } from '../../../src/platform/linux/owners/process-identity.ts';
import { parseRingFiles } from '../../../src/platform/linux/owners/ring-info.ts';
import { labelOf } from '../../../src/table/name-table.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { fakeLibc, fill } from './fake-libc.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const STAT =
  '1234 (nginx: worker) S 1 1234 1234 0 -1 4194560 100 0 0 0 5 3 0 0 20 0 1 0 98765 10000000 500 18446744073709551615\n';
const RING_LINK = 'anon_inode:[io_uring]';
const ID = '0123456789abcdef'.repeat(4);

const ITSELF = { process: 'itself', unit: '', container: '' };
const NAME_PROCESS = createProcessNamer([
  { traits: [['command_line', '*--app={app}*']], name: '{app}' },
  { traits: [['command_line', '*{a}*.{b}*{c}*']], name: '{a}{b}{c}' },
  { traits: [], name: '{script}' },
]);

export const PROCESSES: Readonly<Record<string, FuzzTarget>> = {
  'process-stat': {
    drives: [
      'platform/linux/owners/process-identity.ts#parseStat',
      'platform/linux/owners/process-identity.ts#createIdentityReader',
    ],
    holds: 'no answer, or a finite start time and a name that is part of the text',
    seeds: () => [
      STAT,
      STAT.replace('nginx: worker', ') ( x) S 1'),
      STAT.replace(' S ', ' Z ').replace(' 20 0 1 ', ' 20 0 3 '),
      STAT.replace('nginx: worker', ''),
      STAT.replace('nginx: worker', 'MainThread'),
    ],
    run(input) {
      const text = input.toString();
      const stat = parseStat(text);
      assert.ok(stat === undefined || (Number.isFinite(stat.startTime) && text.includes(`(${stat.name})`)));
      const libc = fakeLibc({
        open: () => 5,
        read: (_fd, buffer, length) => fill(buffer, input, length),
        readlinkat: (_fd, _path, buffer, length) => fill(buffer, input, length),
      });
      const read = createIdentityReader(libc, '/nowhere');
      const identity = read(1234);
      assert.ok(identity === undefined || Number.isFinite(identity.startTime));
      assert.equal(read(1234, 1235)?.threadStart, identity?.startTime, 'of a thread, from the same text');
    },
  },
  'process-command-line': {
    drives: [
      'platform/linux/owners/command-line.ts#splitArguments',
      'platform/linux/owners/command-line.ts#createCommandLineReader',
      'model/script-name.ts#scriptOf',
      'model/glob.ts#compileGlob',
      'model/process-namer.ts#createProcessNamer',
    ],
    holds: 'the name of the process, or one that is printable, short, and taken from the line',
    seeds: () => [
      '/usr/bin/python3\0-u\0/srv/shop.py\0--app=billing\0',
      'java\0-cp\0/opt/*\0-Dapp=shop\0org.apache.kafka.Kafka\0',
      'python3\0-m\0http.server\0',
      'nginx: worker process\0\0\0\0\0',
      'dotnet\0exec\0/app/Shop.dll\0',
      '',
    ],
    longestInput: 40_000,
    words: ['python3\0', 'java\0', 'node\0', 'perl\0', '-jar\0', '--\0', '--app=', '\0'],
    run(input) {
      const libc = fakeLibc({ open: () => 5, read: (_fd, buffer, length) => fill(buffer, input, length) });
      const args = createCommandLineReader(libc, '/nowhere')('1')!;
      assert.deepEqual(args, splitArguments(input.subarray(0, 32_768), input.length >= 32_768));
      const line = args.join(' ');
      const script = scriptOf(args);
      assert.ok(script === undefined || (script !== '' && line.includes(script)));
      const name = NAME_PROCESS((trait) => ({ ...ITSELF, script: script ?? '', command_line: line })[trait])!;
      assert.ok(name.length <= 64 && toPrintable(name) === name && labelOf(name) !== '', name);
      const [word] = compileGlob('*--app={app}*').match(line) ?? [];
      if (word !== undefined) assert.ok(line.includes(`--app=${word}`) && /^[^\s/\\]+$/.test(word), word);
    },
  },
  'fd-links': {
    drives: [
      'platform/linux/owners/fd-links.ts#createFdLinks',
      'platform/linux/owners/fd-links.ts#linkOf',
      'platform/linux/owners/fd-links.ts#list',
      'platform/linux/owners/fd-links.ts#parseLink',
      'platform/linux/owners/fd-links.ts#isRing',
    ],
    holds:
      'the inode in exactly "socket:[number]" and of nothing else but a ring; a folder is walked to its end or refused, with descriptors that are numbers',
    seeds: () => [
      joinPieces(['socket:[85099]', entries('.', '..', '0', '17')]),
      joinPieces(['socket:[4294967295]', entries('255')]),
      joinPieces(['/dev/null', entries()]),
      joinPieces([RING_LINK, entries('3')]),
    ],
    run(input) {
      const [link = Buffer.alloc(0), ...folders] = splitPieces(input);
      const text = link.toString('latin1');
      const digits = /^socket:\[(\d*)\]$/.exec(text.slice(0, 64))?.[1] ?? '';
      const inode = Number(BigInt.asIntN(32, BigInt(digits)));
      const expected = text === RING_LINK ? RING : inode < 0 && inode >= RING ? 0 : inode;
      assert.equal(parseLink(link, Math.min(link.length, 64)), expected);
      let next = 0;
      const libc = fakeLibc({
        open: () => 5,
        lseek: () => 0,
        getdents64: (_fd, buffer, length) => fill(buffer, folders[next++] ?? Buffer.alloc(0), length),
        readlinkat: (_fd, _path, buffer, length) => fill(buffer, link, length),
      });
      const links = createFdLinks(libc, '/nowhere');
      answerOf(
        () => links.list(5, 0, (fd) => Number.isInteger(fd) && fd >= 0 && Number.isInteger(links.linkOf(5, fd))),
        { says: /^getdents64: record of/ },
      );
    },
  },
  'ring-info': {
    drives: ['platform/linux/owners/ring-info.ts#parseRingFiles'],
    holds: 'numbers that rise, below the most a ring can have, and inodes of 32 bits, each in the text',
    seeds: (read) => [
      read('linux/ring-fdinfo.txt').subarray(0, 900),
      'UserFiles:\t4\n    0: <none>\n    1: TCP\n    2: /tmp/a\n    3: socket:[4294967295]\nUserBufs:\t0\n',
    ],
    run(input) {
      const text = input.toString('latin1');
      let last = -1;
      parseRingFiles(text, (index, inode) => {
        assert.ok(index > last && index < 2 ** 20 && Number.isInteger(inode) && inode === (inode | 0));
        assert.match(text, new RegExp(`\\b0*${index}: socket:\\[`));
        last = index;
      });
    },
  },
  'unit-name': {
    drives: ['platform/linux/cgroups/unit-name.ts#unitOfPath'],
    holds: 'a name that is not empty, has at most 120 characters and no half of one',
    seeds: () => [
      '/system.slice/nginx.service',
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12345678-1234-1234-1234-123456789abc.scope',
      `/system.slice/docker-${ID}.scope/init.scope`,
      `/kubepods.slice/kubepods-burstable.slice/cri-containerd:${ID}`,
      `/machine.slice/libpod-${ID}.scope/container`,
      `/system.slice/web.service/libpod-payload-${ID}`,
      `/machine.slice/libpod-conmon-${ID}.scope`,
      '/lxc.payload.web/system.slice/ssh.service',
      '/lxc/web/init.scope',
      '/machine.slice/machine-qemu\\x2d1\\x2dvm.scope',
      '/',
      `/${'ü'.repeat(200)}`,
    ],
    words: ['/lxc/', '/lxc.payload.', '\\xf0\\x9f\\x98\\x80', '\\x0a', '_'],
    run(input) {
      const name = unitOfPath(input.toString());
      assert.ok(name.length > 0 && name.length <= 120, `${name.length} characters`);
      assert.ok(isWhole(name), 'half of a character');
    },
  },
};

/** Entries as getdents64 writes them: d_reclen u16 @16, d_name @19, all aligned to 8. */
function entries(...names: readonly string[]): Buffer {
  return Buffer.concat(
    names.map((name) => {
      const entry = Buffer.alloc(Math.ceil((20 + name.length) / 8) * 8);
      entry.writeUInt16LE(entry.length, 16);
      entry.write(name, 19);
      return entry;
    }),
  );
}

/** Whether UTF-8 can hold the text: it cannot hold half of a surrogate pair. */
export function isWhole(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
