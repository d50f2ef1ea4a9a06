import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMib } from '../../../../src/platform/linux/procfs/proc-mib.ts';

const SOURCE = { path: '/proc/net/snmp', prefix: 'Tcp' };
const NAMES = { opens: 'ActiveOpens', limit: 'MaxConn' };

test('leaves out a negative value, by which the kernel means none', () => {
  assert.deepEqual(parseMib('Tcp: MaxConn ActiveOpens\nTcp: -1 5\n', SOURCE, NAMES), { opens: 5 });
});

test('takes 64-bit counters, those beyond 2^53 as the nearest double', () => {
  const text = 'Tcp: ActiveOpens MaxConn\nTcp: 18446744073709551615 9007199254740991\n';
  assert.deepEqual(parseMib(text, SOURCE, NAMES), { opens: 2 ** 64, limit: 9007199254740991 });
});

test('does not look at columns nobody asked for', () => {
  assert.deepEqual(parseMib('Tcp: Odd ActiveOpens\nTcp: ?? 5\n', SOURCE, NAMES), { opens: 5 });
});

test('names file and line when names and values do not pair up', () => {
  assert.throws(() => parseMib('Ip: A\nIp: 1\nTcp: ActiveOpens MaxConn\nTcp: 5\n', SOURCE, NAMES), {
    message: '/proc/net/snmp, line 4: 1 values for 2 names',
  });
  assert.throws(() => parseMib('Tcp: ActiveOpens\nTcp: 5 6\n', SOURCE, NAMES), {
    message: '/proc/net/snmp, line 2: 2 values for 1 names',
  });
});

test('takes no number from a line that breaks off: it may be a part of one', () => {
  assert.throws(() => parseMib('Tcp: ActiveOpens\nTcp: 5', SOURCE, NAMES), {
    message: '/proc/net/snmp, line 2: cut off: the last number may be incomplete',
  });
});

test('names file, line and column when a value is no number', () => {
  for (const value of ['x', '1.5', '0x10', '1e9', '99999999999999999999', '123456789012345678901']) {
    assert.throws(() => parseMib(`Tcp: MaxConn ActiveOpens\nTcp: 1 ${value}\n`, SOURCE, NAMES), {
      message: `/proc/net/snmp, line 2, ActiveOpens: not an integer: "${value}"`,
    });
  }
});

test('is undefined without the lines', () => {
  assert.equal(parseMib('', SOURCE, NAMES), undefined);
});

test('meets any text with counts or with an error that names the file', () => {
  const word = fc.constantFrom(
    'Tcp:',
    'ActiveOpens',
    'MaxConn',
    '\n',
    ' ',
    '-1',
    '7',
    '99999999999999999999',
    '\0',
    'é',
  );
  fc.assert(
    fc.property(fc.array(word), fc.string(), (words, tail) => {
      const result = attempt(() => parseMib(`${words.join(' ')}${tail}`, SOURCE, NAMES));
      if (result instanceof Error) assert.match(result.message, /^\/proc\/net\/snmp, line \d+/);
      else for (const value of Object.values(result ?? {})) assert.ok(value >= 0);
    }),
    { numRuns: 2000 },
  );
});

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
}
