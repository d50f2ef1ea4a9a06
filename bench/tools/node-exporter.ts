import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from '../http-client.ts';
import { pathOf } from './command.ts';
import { measureIdle, measureScrapes, type Server } from './server.ts';
import type { Tool } from './tool.ts';

const NAMES = ['prometheus-node-exporter', 'node_exporter'];
const PORT = 9100;

/** node_exporter with only its tcpstat collector, which counts sockets by state. Undefined where it is not installed. */
export async function nodeExporterTool(): Promise<Tool | undefined> {
  const server = await startNodeExporter(['tcpstat'], PORT);
  if (server === undefined) return undefined;
  const idleRate = await measureIdle(server);
  return {
    name: 'node_exporter',
    collect: async () => (await measureScrapes(server, idleRate, 1)).reading,
    stop: server.stop,
  };
}

/** node_exporter with only these collectors, which has answered once. Undefined where it is not installed. */
export async function startNodeExporter(
  collectors: readonly string[],
  port: number,
): Promise<(Server & { stop(): Promise<void> }) | undefined> {
  const program = NAMES.map(pathOf).find((path) => path !== undefined);
  if (program === undefined) return undefined;
  const chosen = collectors.map((name) => `--collector.${name}`);
  const args = ['--collector.disable-defaults', ...chosen, `--web.listen-address=127.0.0.1:${port}`];
  const child = spawn(program, [...args, '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  const client = createClient(port);
  try {
    await client.waitUntilReady('/', () => child.exitCode);
    await client.scrape();
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid!, client, stop };

  async function stop(): Promise<void> {
    client.close();
    child.kill('SIGTERM');
    await exit;
  }
}
