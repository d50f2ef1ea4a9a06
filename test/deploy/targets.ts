import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export type TargetLabels = Readonly<Record<string, string>>;

/** Nobody else is in the network namespace of the test. */
const TARGETS = 'http://127.0.0.1:9090/api/v1/targets';
const START_MS = 30_000;

/** What Prometheus makes of the targets of these jobs: the labels of their series. It need not reach the targets. */
export async function askTargets(t: TestContext, folder: string, jobs: readonly object[]): Promise<TargetLabels[]> {
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: jobs })); // YAML contains JSON
  const flags = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:9090',
    '--log.level=error',
  ];
  const child = spawn('prometheus', flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  for (const startMs = performance.now(); performance.now() - startMs < START_MS; await delay(100)) {
    const answer = await fetchText(TARGETS).catch(() => '{}'); // until it listens and is ready
    const { data } = JSON.parse(answer) as { data?: { activeTargets: { labels: TargetLabels }[] } };
    if (data?.activeTargets.length === jobs.length) return data.activeTargets.map(({ labels }) => labels);
  }
  throw new Error(`prometheus shows no ${jobs.length} targets within ${START_MS} ms`);
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${url}: ${response.statusCode}`));
      }, reject);
    }).on('error', reject);
  });
}
