import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from '../http-client.ts';
import { pathOf } from './command.ts';
import { measureIdle, measureScrapes } from './server.ts';
import type { Tool } from './tool.ts';

const NAMES = ['prometheus-node-exporter', 'node_exporter'];
const PORT = 9100;

/** node_exporter with only its tcpstat collector, which counts sockets by state. Undefined where it is not installed. */
export async function startNodeExporter(): Promise<Tool | undefined> {
  const program = NAMES.map(pathOf).find((path) => path !== undefined);
  if (program === undefined) return undefined;
  const args = ['--collector.disable-defaults', '--collector.tcpstat', `--web.listen-address=127.0.0.1:${PORT}`];
  const child = spawn(program, [...args, '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  const client = createClient(PORT);
  try {
    await client.waitUntilReady('/', () => child.exitCode);
  } catch (error) {
    await stop();
    throw error;
  }
  const server = { pid: child.pid!, client };
  await client.scrape();
  const idleRate = await measureIdle(server);
  return {
    name: 'node_exporter',
    collect: async () => (await measureScrapes(server, idleRate, 1)).reading,
    stop,
  };

  async function stop(): Promise<void> {
    client.close();
    child.kill('SIGTERM');
    await exit;
  }
}
