import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import { readGoldenPage } from '../support/pages/golden-pages.ts';

const ALL_STATES = ['tcpstate_local_port_sockets', 'tcpstate_process_sockets', 'tcpstate_unit_sockets'];
const CONNECTED_STATES = ['tcpstate_connections', 'tcpstate_remote_ip_sockets'];

for (const file of ['linux.txt', 'windows.txt'] as const) {
  test(`every breakdown of ${file} adds up to the sockets of each state`, () => {
    const page = parseExposition(readGoldenPage(file));
    const states = sumByState(page.get('tcpstate_sockets')!);
    for (const name of ALL_STATES) assert.deepEqual(sumByState(page.get(name)!), states, name);
    const { listen, bound, ...connected } = states;
    assert.ok(listen! > 0 && bound! > 0);
    for (const name of CONNECTED_STATES) assert.deepEqual(sumByState(page.get(name)!), connected, name);
  });
}

function sumByState(family: ParsedFamily): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of family.samples) {
    if (value > 0) sums[labels.state!] = (sums[labels.state!] ?? 0) + value;
  }
  return Object.fromEntries(Object.entries(sums).sort());
}
