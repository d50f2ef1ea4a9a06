import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pathForLog } from '../../../src/http/sharing/path-for-log.ts';

it('keeps the path and leaves out all that may be secret', () => {
  for (const [url, path] of [
    ['/metrics', '/metrics'],
    ['/metrics?token=secret', '/metrics'],
    ['/metrics#secret', '/metrics'],
    ['http://alice:secret@host:1/metrics?a', '/metrics'],
    ['HTTP://alice:secret@host', ''],
    ['*', '*'],
    [undefined, ''],
    [`/${'a'.repeat(5000)}`, `/${'a'.repeat(199)}`],
  ] as const)
    assert.equal(pathForLog(url), path);
});
