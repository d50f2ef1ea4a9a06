import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ntdll } from '../../../../src/platform/windows/dll/ntdll.ts';
import {
  applicationPoolOf,
  decodeUnicodeString,
  readCommandLine,
  splitCommandLine,
} from '../../../../src/platform/windows/processes/command-line.ts';
import { fakeKernel32 } from '../fake-calls.ts';

const TEXT = 'w3wp.exe -ap "Größe"';

describe('readCommandLine', () => {
  const kernel32 = fakeKernel32([{ pid: 900, name: 'w3wp.exe', handles: 1 }]);

  it('asks for the command line of a process, and gives its handle back', () => {
    const ntdll: Ntdll = {
      queryInformationProcess(_process, informationClass, information, capacity) {
        assert.equal(informationClass, 60);
        assert.ok(capacity >= 16 + 2 * 32_767 && capacity === information.length);
        information.set(unicodeString(TEXT));
        return 0;
      },
    };
    assert.equal(readCommandLine(kernel32, ntdll, 900), TEXT);
    assert.equal(kernel32.open.size, 0);
  });

  it('does not know that of a process it may not open, or that refuses', () => {
    assert.equal(readCommandLine(kernel32, { queryInformationProcess: () => 0 }, 901), undefined);
    assert.equal(readCommandLine(kernel32, { queryInformationProcess: () => -1073741821 }, 900), undefined);
    assert.equal(kernel32.open.size, 0);
  });
});

describe('decodeUnicodeString', () => {
  it('reads as many bytes as the length says, and nothing where that is more than there are', () => {
    const bytes = unicodeString(TEXT);
    assert.equal(decodeUnicodeString(Buffer.concat([bytes, Buffer.from('rest', 'utf16le')])), TEXT);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeUnicodeString(bytes.subarray(0, length)), undefined);
    }
  });
});

describe('applicationPoolOf', () => {
  it('finds the pool, with or without quotes', () => {
    assert.equal(applicationPoolOf('c:\\w3wp.exe -ap "Shop Pool" -v "v4.0" -a \\\\.\\pipe\\iis'), 'Shop Pool');
    assert.equal(applicationPoolOf('w3wp.exe -v "v4.0" -ap DefaultAppPool'), 'DefaultAppPool');
  });

  it('finds none in other command lines', () => {
    for (const text of ['', 'w3wp.exe', 'w3wp.exe -ap', 'w3wp.exe -ap ""', 'x-ap "y"', 'w3wp.exe -apx "y"']) {
      assert.equal(applicationPoolOf(text), undefined, text);
    }
    assert.equal(applicationPoolOf('w3wp.exe -h "C:\\inetpub"'), undefined);
  });
});

describe('splitCommandLine', () => {
  for (const [line, ...args] of [
    ['', ...[]],
    ['java -jar C:\\srv\\billing.jar', 'java', '-jar', 'C:\\srv\\billing.jar'],
    ['"C:\\Program Files\\node.exe"  "C:\\my srv\\a.js" x', 'C:\\Program Files\\node.exe', 'C:\\my srv\\a.js', 'x'],
    ['a "" b', 'a', '', 'b'],
    ['a\tb"c d"e ', 'a', 'bc de'],
    ['a \\"b c\\\\"d e" f', 'a', '"b', 'c\\d e', 'f'],
    ['a "no end', 'a', 'no end'],
    ['a \\\\srv\\share\\', 'a', '\\\\srv\\share\\'],
  ] as const)
    it(`finds ${args.length} arguments in ${JSON.stringify(line)}`, () =>
      assert.deepEqual(splitCommandLine(line), args));
});

function unicodeString(text: string): Buffer {
  const characters = Buffer.from(text, 'utf16le');
  const head = Buffer.alloc(16, 0xee);
  head.writeUInt16LE(characters.length, 0);
  return Buffer.concat([head, characters]);
}
