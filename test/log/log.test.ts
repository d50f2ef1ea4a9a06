import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../src/log/log.ts';

describe('logfmt', () => {
  it('starts with time, level and message', () => {
    const [line] = logLines('logfmt', (log) => log.info({ address: '[::]:10048' }, 'listening'));
    assert.match(
      line ?? '',
      /^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info msg=listening address=\[::\]:10048\n$/,
    );
  });

  it('keeps each message on one line and each pair readable, whatever the values are', () => {
    const details = {
      words: 'two words',
      quote: 'say "no"',
      equals: 'a=b',
      lines: 'a\nb',
      escape: '\u001b[31m',
      empty: '',
      number: 1.5,
      flag: true,
      nothing: null,
      list: ['a', 1],
      'odd key=': 'x',
      absent: undefined,
    };
    const [line] = logLines('logfmt', (log) => log.warn(details, 'a sentence'));
    assert.equal(
      line?.replace(/^time=\S+ /, ''),
      'level=warn msg="a sentence" words="two words" quote="say \\"no\\"" equals="a=b" lines="a\\nb" escape="\\u001b[31m" ' +
        'empty="" number=1.5 flag=true nothing=null list="[\\"a\\",1]" odd_key_=x\n',
    );
  });

  it('spells out what a terminal would obey or hide', () => {
    const [line] = logLines('logfmt', (log) =>
      log.warn({ name: 'a\u009b31m\u202eb', 'tag\u2028': '\u{e0041}' }, 'odd'),
    );
    assert.equal(
      line?.replace(/^time=\S+ /, ''),
      'level=warn msg=odd name="a\\u009b31m\\u202eb" tag_="\\udb40\\udc41"\n',
    );
  });

  it('tells an error with its causes', () => {
    const error = new Error('cannot read sockets', { cause: new Error('errno 1 EPERM') });
    const [line] = logLines('logfmt', (log) => log.error({ error }, 'scrapes fail'));
    assert.match(line ?? '', / msg="scrapes fail" error="cannot read sockets: errno 1 EPERM"\n$/);
  });
});

describe('json', () => {
  it('has time, level as a word, message and details', () => {
    const [line] = logLines('json', (log) => log.error({ error: new Error('no'), port: 1 }, 'failed'));
    const { time, ...rest } = JSON.parse(line ?? '');
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.deepEqual(rest, { level: 'error', msg: 'failed', error: 'no', port: 1 });
  });

  it('spells out what a terminal would obey or hide, and still says the same', () => {
    const name = 'a\u001b[31m\u007f\u009b\u2028\u202e\u{e0041}\ud800';
    const [line] = logLines('json', (log) => log.warn({ name }, 'odd'));
    assert.match(line ?? '', /^[\x20-\x7e]+\n$/);
    assert.equal(JSON.parse(line ?? '').name, name);
  });
});

it('leaves out what is less severe than the level', () => {
  const lines = logLines(
    'json',
    (log) => {
      log.debug({}, 'a');
      log.info({}, 'b');
      log.warn({}, 'c');
      log.fatal({}, 'd');
    },
    'warn',
  );
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['c', 'd'],
  );
});

function logLines(
  format: 'json' | 'logfmt',
  write: (log: ReturnType<typeof createLogger>) => void,
  level: 'warn' | 'debug' = 'debug',
): string[] {
  const lines: string[] = [];
  write(createLogger({ level, format }, { write: (line) => lines.push(line) }));
  return lines;
}
