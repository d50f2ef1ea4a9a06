import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseNetstat } from '../../../../src/platform/windows/netstat/netstat-table.ts';
import { SocketTable } from '../../../../src/table/socket-table.ts';
import { describeRows } from '../hand-made-table.ts';
import { readWindowsFixture } from '../recorded.ts';

const ROWS = [
  'ipv4 listen 0.0.0.0:135 0.0.0.0:0 pid 1032',
  'ipv4 established 10.1.0.7:443 203.0.113.80:50211 pid 4',
  'ipv4 time_wait 10.1.0.7:50117 10.1.0.40:1433 pid 0',
  'ipv4 established 10.1.0.7:50118 10.1.0.40:1433 pid 5120',
  'ipv4 close_wait 10.1.0.7:50124 10.1.0.9:8443 pid 2216',
  'ipv4 syn_sent 10.1.0.7:50130 192.0.2.1:443 pid 5120',
  'ipv6 listen :::135 :::0 pid 1032',
  'ipv6 established ::1:50160 ::1:49670 pid 812',
  'ipv6 listen fe80::5efe:a01:7:139 :::0 pid 4',
  'ipv6 established fe80::5efe:a01:7:50171 fe80::21c:42ff:fe00:8:445 pid 4',
];

describe('parseNetstat', () => {
  for (const language of ['en', 'de', 'zh']) {
    it(`reads every socket of netstat -ano in language ${language}, and leaves out UDP`, () => {
      const { rows, unknownStateWords } = parse(textOf(`netstat.${language}.txt`));
      assert.deepEqual(rows, ROWS);
      assert.deepEqual(unknownStateWords, {});
    });
  }

  it('leaves the state open where the language is not known, even a state of two words', () => {
    const { rows, unknownStateWords } = parse(textOf('netstat.fr.txt'));
    const [listen, established] = ["? L'?COUTE", '?TABLI'];
    assert.deepEqual(unknownStateWords, {
      0: listen,
      1: established,
      3: established,
      6: listen,
      7: established,
      8: listen,
      9: established,
    });
    const open = (row: string) => row.replace(/ (listen|established) /, ' unknown ');
    assert.deepEqual(rows, ROWS.map(open));
  });

  it('reads German in a console of UTF-8, where the umlaut is two bytes', () => {
    const utf8 = Buffer.from('  TCP    0.0.0.0:135   0.0.0.0:0   ABHÖREN   1032\r\n', 'utf8').toString('latin1');
    assert.deepEqual(parse(utf8).rows, ROWS.slice(0, 1));
  });

  it('reads an IPv4 peer of an IPv6 socket as IPv4, as the tables are read', () => {
    const { rows } = parse('  TCP    [::ffff:10.0.0.1]:80   [::ffff:10.0.0.2]:9000   ESTABLISHED   7');
    assert.deepEqual(rows, ['ipv4 established 10.0.0.1:80 10.0.0.2:9000 pid 7']);
  });

  it('refuses what has no socket in it, and shows it', () => {
    assert.throws(() => parse(''), { message: 'it printed nothing' });
    assert.throws(() => parse('\r\nActive Connections\r\n'), {
      message: 'it printed no line about TCP: "Active Connections"',
    });
  });

  for (const line of [
    '  TCP    10.0.0.1:80', // cut off
    '  TCP    10.0.0.1:80   10.0.0.2:90   ESTABLISHED', // without pid, as Wine prints it
    '  TCP    10.0.0.1:80   10.0.0.2:90   4',
    '  TCP    10.0.0.256:80   10.0.0.2:90   ESTABLISHED   4',
    '  TCP    10.0.0.1:65536   10.0.0.2:90   ESTABLISHED   4',
    '  TCP    [10.0.0.1]:80   10.0.0.2:90   ESTABLISHED   4',
    '  TCP    server:http   client:90   ESTABLISHED   4',
    '  TCP    10.0.0.1:80   10.0.0.2:90   ESTABLISHED   InHost',
  ]) {
    it(`refuses the line "${line.trim()}" by its number`, () => {
      const text = `\r\nActive Connections\r\n\r\n${line}\r\n`;
      assert.throws(() => parse(text), {
        message: `line 4 is not of the expected form: ${JSON.stringify(line.trim())}`,
      });
    });
  }

  it('gives, of a text cut off anywhere, the whole rows before the cut or a refusal', () => {
    const text = textOf('netstat.en.txt');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length }), (length) => {
        const rows = parseIfPossible(text.slice(0, length));
        if (rows === undefined) return;
        const whole = rows.slice(0, -1); // the last one may have lost digits of its pid
        assert.deepEqual(whole, ROWS.slice(0, whole.length));
      }),
      { numRuns: 2000 },
    );
  });

  it('never fails in another way than by a refusal, whatever is printed', () => {
    const piece = fc.constantFrom(
      '  TCP ',
      ' UDP ',
      '10.0.0.1:80',
      '[::1]:1',
      '[fe80::%9]:2',
      ' LISTENING ',
      ' 12',
      '\r\n',
      '\x99',
      '*:*',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
        parseIfPossible(pieces.join(' '));
      }),
    );
  });

  it('refuses a line that is too long to be one, at once', () => {
    const start = performance.now();
    const line = `  TCP    10.0.0.1:1    10.0.0.2:2    x${' '.repeat(60_000)}.`;
    assert.throws(() => parseNetstat(line, new SocketTable()), /^Error: line 1 is not of the expected form/);
    assert.ok(performance.now() - start < 1000, `${performance.now() - start} ms`);
  });
});

function parse(text: string): { rows: string[]; unknownStateWords: Record<string, string> } {
  const table = new SocketTable();
  const unknownStateWords = parseNetstat(text, table);
  return { rows: describeRows(table), unknownStateWords: Object.fromEntries(unknownStateWords) };
}

/** Undefined when the text is refused in words. */
function parseIfPossible(text: string): string[] | undefined {
  try {
    return parse(text).rows;
  } catch (error) {
    assert.match((error as Error).message, /^(line \d+ is not of the expected form|it printed)/);
    return undefined;
  }
}

/** As the commands are read. */
function textOf(fixture: string): string {
  return readWindowsFixture(fixture).toString('latin1');
}
