import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { createNodeScripts } from '../support/programs/node-scripts.ts';
import { startExporter } from '../support/programs/running-exporter.ts';
import { sumBy } from '../support/sockets/event-pages.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const MOST_POLLS = 200;
const skip = enterNetworkNamespace() ?? false;

test('programs of one name are told apart by what rules take of their command lines, which stay where they are', {
  skip,
}, async (t) => {
  const password = randomBytes(12).toString('hex');
  const { start, write } = createNodeScripts(t);
  await start('shop.mjs', [`--password=${password}`]);
  const port = await start('stock.mjs', ['--listen=0', '--tenant=north', `--password=${password}`]);
  await start(
    'other.js',
    [`--password=${password}`],
    ['unshare', '-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'],
  );
  await start('stock.mjs', [`--connect=${port}`, '--times=3', '--tenant=south']);
  const rules = (suffix: string) =>
    [
      'processes:',
      `  - {process: node, command_line: "*--tenant={tenant} *", script: "{app}.mjs", name: "{app} {tenant}${suffix}"}`,
      `  - {script: "{app}.mjs", name: "{app}${suffix}"}`,
      '  - {script: other.js, name: other}\n',
    ].join('\n');
  assert.match((await runProgram(['--config.check', `--config.file=${write('a.yml', rules(''))}`])).stderr, /"other"/);
  const file = write('names.yml', rules('').replace('name: other', 'name: elsewhere'));
  const exporter = await startExporter(t, { args: [`--config.file=${file}`, '--log.level=trace'] });
  const until = async (isThere: (listening: Record<string, number>) => boolean) => {
    for (let poll = 0; poll < MOST_POLLS; poll++) {
      const page = await exporter.scrape();
      if (isThere(listeners(page))) return page;
      await delay(50);
    }
    assert.fail(JSON.stringify(exporter.log));
  };

  const before = await until((each) => each.shop === 1);
  assert.deepEqual(listeners(before), { shop: 1, 'stock north': 1, node: 1 }, 'the exporter has a script, too');
  const queues = sumBy(before, 'tcpstate_listener_accept_queue_limit', 'process');
  assert.deepEqual(Object.keys(queues).sort(), ['node', 'shop', 'stock north']);
  const files = sumBy(before, 'tcpstate_process_open_fds', 'process');
  assert.ok(files.shop! > 3 && files['stock north']! > 3, JSON.stringify(files));

  write('names.yml', rules('!').replace('name: other', 'name: elsewhere'));
  const after = await until((each) => each['shop!'] === 1);
  assert.deepEqual(listeners(after), { 'shop!': 1, 'stock north!': 1, node: 1 });

  const diagnosed = await runProgram(['diagnose', `--config.file=${file}`, '--json', '--interval=0']);
  assert.match(diagnosed.stdout, /"stock north!"/);
  const { body } = await exporter.get('/metrics');
  await exporter.stop();
  for (const text of [body, JSON.stringify(exporter.log), diagnosed.stdout])
    assert.doesNotMatch(text, new RegExp(`${password}|--password|--tenant`));
});

function listeners(page: ReadonlyMap<string, ParsedFamily>): Record<string, number> {
  return sumBy(page as Map<string, ParsedFamily>, 'tcpstate_process_sockets', 'process', { state: 'listen' });
}
