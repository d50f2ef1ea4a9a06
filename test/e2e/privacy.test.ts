import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { startExporter } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const SECURITY = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
/** An address in a label; the metrics of the exporter itself have none, and version numbers have fewer dots. */
const ADDRESS = /"(\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]+)(\/\d+)?"/g;
const PEER = '10.9.8.7';
/** What a browser sends: / then shows the state of the host. */
const BROWSER = { accept: 'text/html' };

const skip = enterNetworkNamespace() ?? false;
let server: Server;
let client: Socket;

before(async () => {
  if (skip !== false) return;
  server = createServer();
  await new Promise<void>((resolve) => server.listen(7070, '10.0.0.1', resolve));
  client = createConnection({ host: '10.0.0.1', port: 7070, localAddress: PEER });
  await new Promise<void>((resolve) => client.once('connect', resolve));
});
after(() => {
  client?.destroy();
  server?.close();
});

test('without any flag, addresses of peers are on the page', { skip }, async (t) => {
  const exporter = await startExporter(t);
  assert.ok(addressesOf((await exporter.get('/metrics')).body).includes(PEER));
});

test('with the flags of SECURITY.md there is no address on the page, and the sockets are still counted', {
  skip,
}, async (t) => {
  const [, command] = /<!-- no-addresses:start -->\n```sh\ntcpstate-exporter (.*)\n```/.exec(SECURITY)!;
  const exporter = await startExporter(t, { args: command!.split(' ') });
  const { body } = await exporter.get('/metrics');
  assert.deepEqual(addressesOf(body), []);
  const connections = body.split('\n').filter((line) => line.startsWith('tcpstate_connections{state="established"'));
  assert.ok(
    connections.length > 0 && connections.every((line) => line.includes('remote_ip="other"')),
    connections.join('\n'),
  );
  assert.match(body, /^tcpstate_ephemeral_utilization_ratio\{family="ipv4"\} /m);
});

test('with the same flags the live page has no address either', { skip }, async (t) => {
  const [, command] = /<!-- no-addresses:start -->\n```sh\ntcpstate-exporter (.*)\n```/.exec(SECURITY)!;
  const shown = (args: readonly string[]) =>
    startExporter(t, { args })
      .then((exporter) => exporter.get('/', BROWSER))
      .then(({ body }) => body.replace(/<style>.*<\/style>/s, ''));
  assert.match(await shown([]), /10\.0\.0\.1:7070/);
  const page = await shown(command!.split(' '));
  assert.match(page, /<th scope="row">ESTABLISHED<\/th>/);
  assert.doesNotMatch(page, /\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]*:[0-9a-f:]*\]/);
});

test('with prefixes peers are on the page by their networks', { skip }, async (t) => {
  const exporter = await startExporter(t, { args: ['--remote-ip.prefix-v4=24', '--limit.destinations=0'] });
  const addresses = addressesOf((await exporter.get('/metrics')).body);
  assert.ok(addresses.includes('10.9.8.0/24'), addresses.join());
  assert.ok(!addresses.includes(PEER), addresses.join());
});

test('without the collector of processes no process is named', { skip }, async (t) => {
  const named = /process="(?!unknown|other|")[^"]+"/;
  assert.match((await (await startExporter(t)).get('/metrics')).body, named);
  const exporter = await startExporter(t, { args: ['--no-collector.processes'] });
  assert.doesNotMatch((await exporter.get('/metrics')).body, named);
  assert.match((await exporter.get('/', BROWSER)).body, /Nobody looked for them\./);
});

function addressesOf(page: string): string[] {
  return [...page.matchAll(ADDRESS)].map(([, address, prefix = '']) => address! + prefix);
}
