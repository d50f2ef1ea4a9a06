import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failingIn, takePage } from '../support/fakes/outlived-fault.ts';
import { parseExposition } from '../support/pages/exposition-parser.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { checkMetrics, SKIP_PROMTOOL } from '../support/programs/promtool.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createSocketPuppets } from '../support/sockets/socket-puppets.ts';

/** Names as `printf %b` writes them, so that any byte can be in them, and as they must be on the page. */
const NAMES: readonly (readonly [escaped: string, label: string])[] = [
  ['say "no"', 'say "no"'],
  ['back\\\\slash', 'back\\slash'],
  ['ends\\\\', 'ends\\'],
  ['two\\nlines', 'two\\x0alines'],
  ['tab\\tcr\\r', 'tab\\x09cr\\x0d'],
  ['\\0033[31mred\\0033[m', '\\x1b[31mred\\x1b[m'],
  ['bell\\a\\0177', 'bell\\x07\\x7f'],
  ['c1\\0302\\0233mred', 'c1\\x9bmred'],
  ['bad\\0377\\0376', 'bad\ufffd\ufffd'],
  ['cut\\0303', 'cut\ufffd'],
  ['rtl\\0342\\0200\\0256exe', 'rtl\\u202eexe'],
  ['a"} 1\\n#', 'a"} 1\\x0a#'],
  ['a,process=b', 'a,process=b'],
  ['  ', '  '],
  ['x) S 1 (y', 'x) S 1 (y'],
];
/** Different names that are the same on the page. */
const SAME: readonly (readonly [label: string, ...escaped: readonly string[]])[] = [
  ['eq\ufffd', 'eq\\0377', 'eq\\0376', 'eq\\0303'],
  ['esc\\x1b', 'esc\\0033', 'esc\\\\x1b'],
  ['other_', 'other', 'other_'],
  ['_', '', '_'],
];
/** Runs `program name` with the name that `printf %b` makes of it. */
const WITH_BYTES = ['sh', '-c', 'exec "$0" "$(printf "%b." "$1" | head -c -1)"'];

const skip = missingCompiler() ?? SKIP_PROMTOOL ?? enterNetworkNamespace() ?? false;

test('whatever bytes a process has for a name', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const exporter = await startExporter(t, { args: ['--owners.time-budget=5s'] });
  const listen = async (escaped: string, port: number) => {
    const puppet = await start(escaped, WITH_BYTES);
    await puppet.tell(`listen 10.0.0.1 ${port}`);
  };
  const expected = new Map<string, number>();
  for (const [index, [escaped, label]] of NAMES.entries()) {
    await listen(escaped, 1000 + index);
    expected.set(label, 1);
  }
  for (const [index, [label, ...names]] of SAME.entries()) {
    for (const [at, escaped] of names.entries()) await listen(escaped, 2000 + index * 10 + at);
    expected.set(label, names.length);
  }
  const page = await takePage(exporter);

  await t.test('the page has each of them, and counts those together that are the same text', () => {
    assert.deepEqual(failingIn(page), []);
    const listening = page.get('tcpstate_process_sockets')!.samples.filter(({ labels }) => labels.state === 'listen');
    const counted = new Map(listening.map(({ labels, value }) => [labels.process!, value]));
    for (const [label, sockets] of expected) assert.equal(counted.get(label), sockets, JSON.stringify(label));
    assert.equal(counted.size, expected.size + 1, 'and the exporter');
  });

  await t.test('every metric with processes has each name', () => {
    for (const metric of ['tcpstate_process_open_fds', 'tcpstate_listener_accept_queue_length']) {
      const names = new Set(page.get(metric)!.samples.map(({ labels }) => labels.process));
      for (const label of expected.keys()) assert.ok(names.has(label), `${metric} ${JSON.stringify(label)}`);
    }
  });

  for (const [format, accept] of [
    ['text', 'text/plain;version=0.0.4'],
    ['openmetrics', 'application/openmetrics-text;version=1.0.0'],
  ] as const) {
    await t.test(`the page is well-formed UTF-8 without controls (${format})`, async () => {
      const bytes = await fetchBytes(exporter.port, accept);
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      parseExposition(text, format);
      if (format === 'text') assert.equal(checkMetrics(text), '');
    });
  }
});

async function fetchBytes(port: number, accept: string): Promise<ArrayBuffer> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  assert.equal(response.status, 200);
  return await response.arrayBuffer();
}
