import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeError } from '../../src/model/describe-error.ts';

describe('describeError', () => {
  it('says each message of the chain once', () => {
    const inner = new Error('refused');
    assert.equal(describeError(new Error('dial: refused', { cause: inner })), 'dial: refused');
    assert.equal(describeError(new AggregateError([inner], '')), 'AggregateError: refused');
    assert.equal(describeError('plain text'), 'plain text');
  });

  it('ends on a chain without end', () => {
    const error = new Error('loop');
    error.cause = error;
    assert.equal(describeError(error), 'loop');
  });
});
