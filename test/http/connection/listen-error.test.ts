import assert from 'node:assert/strict';
import { it } from 'node:test';
import { explainListenError } from '../../../src/http/connection/listen-error.ts';

it('tells the way out for the errors an operator meets', () => {
  for (const code of ['EADDRINUSE', 'EACCES', 'EPERM', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTFOUND', 'EAI_AGAIN']) {
    const line = explainListenError(':80', Object.assign(new Error('listen failed'), { code }));
    assert.match(line, /^cannot listen on :80: [^\n]+; [^\n]+ with --web\.listen-address$/);
  }
});

it('repeats any other error', () => {
  const error = Object.assign(new Error('listen EMFILE: too many open files'), { code: 'EMFILE' });
  assert.equal(explainListenError(':80', error), 'cannot listen on :80: listen EMFILE: too many open files');
});
