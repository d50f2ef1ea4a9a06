import assert from 'node:assert/strict';
import { it } from 'node:test';
import { explainListenError } from '../../../src/http/connection/listen-error.ts';

it('tells the way out for the errors an operator meets', () => {
  for (const code of ['EADDRINUSE', 'EACCES', 'EPERM', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTFOUND', 'EAI_AGAIN']) {
    const line = explainListenError(':80', Object.assign(new Error('listen failed'), { code }));
    assert.match(line, /^cannot listen on :80: [^\n]+; [^\n]+ with --web\.listen-address$/);
  }
});

it('names the exporter itself where it has the port by another address, or by the same', () => {
  const taken = Object.assign(new Error('listen failed'), { code: 'EADDRINUSE' });
  assert.equal(
    explainListenError(':80', taken, ':80'),
    'cannot listen on :80 twice: give each --web.listen-address once',
  );
  assert.match(
    explainListenError('127.0.0.1:80', taken, ':80'),
    /^cannot listen on 127\.0\.0\.1:80: the exporter already listens on :80, which may include it; leave one /,
  );
  const missing = Object.assign(new Error('listen failed'), { code: 'EADDRNOTAVAIL' });
  assert.equal(explainListenError(':80', missing, ':80'), explainListenError(':80', missing));
});

it('repeats any other error', () => {
  const error = Object.assign(new Error('listen EMFILE: too many open files'), { code: 'EMFILE' });
  assert.equal(explainListenError(':80', error), 'cannot listen on :80: listen EMFILE: too many open files');
});
