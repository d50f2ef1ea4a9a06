import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const PROMETHEUS = 'prometheus';
/** Nobody else is in the network namespace of the test. */
const PORT = 9090;
const START_MS = 30_000;

/** One series of an answer: its labels but the name, and its value. */
export interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Why there is no Prometheus to test with; in CI that is an error. */
export function skipWithoutPrometheus(): string | false {
  if (spawnSync(PROMETHEUS, ['--version']).status === 0) return false;
  if (process.env.CI === 'true') throw new Error('no prometheus in the PATH');
  return 'skipped: needs prometheus';
}

/**
 * Starts a Prometheus that scrapes one target every other second, and stops it after the test. All queries share one connection.
 * Further settings of the scrape, such as its TLS, are in Prometheus' words.
 */
export async function startPrometheus(t: TestContext, target: string, settings: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-prometheus-'));
  const config = {
    global: { scrape_interval: '2s', scrape_timeout: '2s' },
    scrape_configs: [{ job_name: 'tcpstate', static_configs: [{ targets: [target] }], ...settings }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)); // YAML contains JSON
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${PORT}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exit = once(child, 'exit');
  const complaints = text(child.stderr);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(async () => {
    agent.destroy();
    child.kill('SIGKILL');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  });
  await untilReady();
  return { query };

  async function untilReady(): Promise<void> {
    for (const startMs = performance.now(); performance.now() - startMs < START_MS; await delay(50)) {
      const answer = await request('/-/ready').catch(() => undefined);
      if (answer?.status === 200) return;
      if (child.exitCode !== null) throw new Error(`prometheus ended: ${await complaints}`);
    }
    throw new Error(`prometheus is not ready after ${START_MS} ms`);
  }

  /** Asks for the current value of a PromQL expression. */
  async function query(expression: string): Promise<QueryResult[]> {
    const { status, body } = await request(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    if (status !== 200) throw new Error(`${expression}: ${body}`);
    const { data } = JSON.parse(body) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric: { __name__, ...labels }, value }) => ({ labels, value: Number(value[1]) }));
  }

  function request(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: PORT, path, agent }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode!, body }), reject);
      }).on('error', reject);
    });
  }
}
