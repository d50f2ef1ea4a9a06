import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseRingFiles } from '../../../../src/platform/linux/owners/ring-info.ts';

const RECORDED = readFileSync(new URL('../../../fixtures/linux/ring-fdinfo.txt', import.meta.url), 'utf8');
const FIRST_INODE = 5_745_396;

describe('parseRingFiles', () => {
  it('reads a recorded ring of 256 direct descriptors, 200 of them connections', () => {
    const { files, isTold } = parse(RECORDED);
    assert.equal(isTold, true);
    assert.equal(files.length, 200);
    assert.deepEqual(
      [files[0], files[199]],
      [
        [0, FIRST_INODE],
        [199, 5_747_017],
      ],
    );
  });

  it('passes over what is no socket, and over what is not there', () => {
    const lines = [
      '    0: <none>',
      '    1: /dev/null',
      '    2: socket:[7]',
      '    7: /tmp/a\\012\\040\\040\\0409:\\040socket:[8]',
      '    9: pipe:[9]',
      '   10: anon_inode:[eventfd]',
      '   11: socket:[4294967290]',
      '   12: socket:[13] (deleted)',
      '   13: ',
      '65536: socket:[14]',
    ];
    const { files, isTold } = parse(textOf(lines));
    assert.deepEqual(files, [
      [2, 7],
      [11, -6],
      [65_536, 14],
    ]);
    assert.equal(isTold, true);
  });

  it('says that not all is told where connections have no number, and where there is no list', () => {
    for (const name of ['TCP', 'TCPv6', 'MPTCP', 'MPTCPv6'])
      assert.deepEqual(parse(textOf(['    0: <none>', `    1: ${name}`])), { files: [], isTold: false });
    assert.deepEqual(parse(textOf(['    1: TCPump', '    2: UDP', '    3: RAW'])), { files: [], isTold: true });
    for (const text of ['', 'pos:\t0\nflags:\t02\n', RECORDED.slice(0, RECORDED.indexOf('UserFiles'))])
      assert.deepEqual(parse(text), { files: [], isTold: false });
  });

  it('ends where the list does', () => {
    assert.deepEqual(parse(`${textOf(['    1: socket:[5]'])}    2: socket:[6]\n`).files, [[1, 5]]);
    assert.deepEqual(parse(textOf(['    1: socket:[5]', '    1: socket:[6]'])).files, [[1, 5]], 'not in order');
    assert.deepEqual(parse(textOf(['1048576: socket:[5]'])).files, [], 'more than a ring can have');
    for (let length = 0; length < RECORDED.length; length += 7) {
      for (const [index, inode] of parse(RECORDED.slice(0, length)).files.slice(0, -1))
        assert.equal(inode, parse(RECORDED).files[index]![1]);
    }
  });
});

function parse(text: string) {
  const files: [number, number][] = [];
  const isTold = parseRingFiles(text, (index, inode) => files.push([index, inode]));
  return { files, isTold };
}

function textOf(lines: readonly string[]): string {
  return `pos:\t0\nSqMask:\t0x7\nUserFiles:\t256\n${lines.join('\n')}\nUserBufs:\t0\nPollList:\n`;
}
