import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { type ParsedFamily, parseExposition } from '../support/pages/exposition-parser.ts';
import type { ScratchApp } from './scratch-app.ts';
import { type Wine, windowsPath } from './wine.ts';

const START_MS = 60_000;

export interface WindowsExporter {
  /** One page, over the same connection each time. */
  scrape(): Promise<ReadonlyMap<string, ParsedFamily>>;
  log(): string;
  /** Ctrl-C; gives the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the built exporter on Windows' node.exe and waits until it listens. */
export async function startWindowsExporter(
  wine: Wine,
  app: ScratchApp,
  ...options: string[]
): Promise<WindowsExporter> {
  const main = windowsPath(join(app.folder, 'dist', 'main.js'));
  const started = wine.start(app.node, main, '--web.listen-address=127.0.0.1:0', ...options);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const port = await listeningPort(started.stderr);
  return {
    scrape: async () => parseExposition(await fetchPage(agent, port)),
    log: started.stderr,
    stop() {
      agent.destroy();
      return started.stop('SIGINT');
    },
  };
}

async function listeningPort(log: () => string): Promise<number> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const port = /msg=listening address=127\.0\.0\.1:(\d+)/.exec(log())?.[1];
    if (port !== undefined) return Number(port);
    await pause(100);
  }
  throw new Error(`the exporter does not listen:\n${log()}`);
}

function fetchPage(agent: Agent, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ agent, port, host: '127.0.0.1', path: '/metrics' }, (response) => {
      text(response).then(resolve, reject);
    }).on('error', reject);
  });
}
