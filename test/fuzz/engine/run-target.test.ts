import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Bundles, bundle } from './bundle.ts';
import { type RunOptions, runTarget } from './run-target.ts';

const MOST_EXECUTIONS = 200_000;
const HANG_MS = 1500;

describe('a planted mistake', () => {
  let bundles: Bundles;
  before(async () => {
    bundles = await bundle('test/fuzz/planted.ts', 'test/fuzz/planted.ts');
  });
  after(() => bundles.remove());

  const run = (name: string, changes: Partial<RunOptions> = {}) =>
    runTarget(bundles, { name, seed: 1, milliseconds: 60_000, executions: MOST_EXECUTIONS, ...changes }, HANG_MS);

  it('behind three bytes is found by what the code reaches, and its input cut to them', async () => {
    const { finding, executions, corpus } = await run('magic');
    assert.equal(finding?.kind, 'error');
    assert.match(finding.text, /TypeError: three bytes\n\s+at .*planted\.ts:/);
    assert.equal(Buffer.from(finding.input, 'base64').toString('hex'), 'cafe07');
    assert.ok(executions < MOST_EXECUTIONS);
    assert.equal(corpus, 4, 'nothing, the seed, and what has one and two of the bytes');
  });

  it('is found at the same input every time', async () => {
    const [first, second] = [await run('magic', { seed: 8 }), await run('magic', { seed: 8 })];
    assert.deepEqual(first, second);
    assert.notEqual(first.executions, (await run('magic')).executions);
  });

  it('that never ends is cut off, with the input that did it', async () => {
    const { finding } = await run('hang');
    assert.equal(finding?.kind, 'hang');
    assert.ok(Buffer.from(finding.input, 'base64').length < 4);
  });

  it('that brings the process down is told with its input', async () => {
    const { finding } = await run('crash');
    assert.equal(finding?.kind, 'crash');
    assert.match(finding.text, /SIGABRT/);
    assert.ok(Buffer.from(finding.input, 'base64').length > 12);
  });

  it('that believes a length is told by its memory', async () => {
    const { finding } = await run('memory');
    assert.equal(finding?.kind, 'memory');
    assert.ok(Buffer.from(finding.input, 'base64').length >= 4);
  });

  it('that takes the square of a long input is told by its time', async () => {
    const { finding } = await run('slow');
    assert.ok(finding?.kind === 'slow' || finding?.kind === 'hang', finding?.kind);
  });

  it('of a promise is found too', async () => {
    const { finding } = await run('rejection');
    assert.match(finding?.text ?? '', /RangeError: five bytes/);
  });

  it('shows again when its input is given alone', async () => {
    const { finding } = await run('magic', {
      inputs: [Buffer.from('cafe0799', 'hex').toString('base64')],
      executions: 0,
    });
    assert.match(finding?.text ?? '', /three bytes/);
  });

  it('is not found where there is none', async () => {
    const report = await run('sound', { executions: 2000 });
    assert.equal(report.finding, undefined);
    assert.equal(report.executions, 2000);
  });
});
