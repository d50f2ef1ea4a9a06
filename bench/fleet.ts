// npm run bench:fleet: what so many hosts cost one Prometheus with all rules of deploy/prometheus: series, memory, CPU, and how long the rules take.
// The hosts are made up (bench/fleet/), Prometheus is real (apt-get install prometheus). Needs root, for a network namespace.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { enterNetworkNamespace } from '../test/support/sockets/network-namespace.ts';
import { serveHosts } from './fleet/synthetic-hosts.ts';
import { formatTable } from './format.ts';
import { memoryOf } from './process-usage.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '500' },
    pods: { type: 'string', default: '110' },
    interval: { type: 'string', default: '15s' },
    /** Rates look five minutes back, and Prometheus writes its head to disk after two hours. */
    minutes: { type: 'string', default: '8' },
    events: { type: 'boolean', default: false },
    /** Pods of each host for which alerts fire. */
    troubled: { type: 'string', default: '0' },
  },
});
const RULES = fileURLToPath(new URL('../deploy/prometheus/rules/*.yml', import.meta.url));
const PROMETHEUS = '127.0.0.1:9090'; // nobody else is in the network namespace

const refusal = enterNetworkNamespace();
if (refusal !== undefined) throw new Error(refusal);
const hosts = await serveHosts({
  pods: Number(values.pods),
  troubled: Number(values.troubled),
  events: values.events,
});
const folder = mkdtempSync(join(tmpdir(), 'tcpstate-fleet-'));
const prometheus = startPrometheus();
try {
  await delay(Number(values.minutes) * 60_000);
  process.stdout.write(`${formatTable(['what', 'measured'], await measure(prometheus.pid!))}\n`);
} finally {
  prometheus.kill('SIGKILL');
  await once(prometheus, 'exit');
  hosts.close();
  rmSync(folder, { recursive: true, force: true });
}

function startPrometheus() {
  const targets = Array.from({ length: Number(values.hosts) }, (_, host) => ({
    targets: [`127.0.0.1:${hosts.port}`],
    labels: { instance: `host-${host}`, site: `site-${host % 4}`, __metrics_path__: `/${host}` },
  }));
  const config = {
    global: { scrape_interval: values.interval, evaluation_interval: values.interval },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'tcpstate', static_configs: targets }],
  };
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(config)); // YAML contains JSON
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${PROMETHEUS}`,
    '--log.level=error',
  ];
  return spawn('prometheus', flags, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function measure(pid: number): Promise<string[][]> {
  const own = await fetchText('/metrics');
  const all = (name: string) =>
    [...own.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, 'gm'))].map(
      ([, labels, value]) => [labels, Number(value)] as const,
    );
  const sum = (name: string) => all(name).reduce((total, [, value]) => total + value, 0);
  const rules = all('prometheus_rule_group_last_duration_seconds').sort(([, a], [, b]) => b - a);
  const slowest = (await slowestRules()).map(({ name, evaluationTime }) => `${name} ${evaluationTime.toFixed(2)} s`);
  const memory = memoryOf(pid);
  const cpu = sum('process_cpu_seconds_total') / (Number(values.minutes) * 60);
  return [
    ['targets, of which up', `${values.hosts}, ${await ask('sum(up)')}`],
    ['series of a page', format(hosts.series)],
    ['series in the head', format(sum('prometheus_tsdb_head_series'))],
    ['samples per second', format(sum('prometheus_tsdb_head_samples_appended_total') / (Number(values.minutes) * 60))],
    ['recorded series (instance:)', await ask('count({__name__=~"instance:tcpstate_.*"})')],
    ['recorded series (job:)', await ask('count({__name__=~"job:tcpstate_.*"})')],
    ['resident memory, most', `${format(memory.now)} MB, ${format(memory.peak)} MB`],
    ['CPU, of one core', `${Math.round(cpu * 100)} %`],
    [
      'scrape, median and slowest',
      `${await ask('quantile(0.5, scrape_duration_seconds)')} s, ${await ask('max(scrape_duration_seconds)')} s`,
    ],
    ['all rule groups, one after another', `${rules.reduce((total, [, value]) => total + value, 0).toFixed(2)} s`],
    ['slowest group', `${/;([\w-]+)"/.exec(rules[0]![0]!)![1]} ${rules[0]![1].toFixed(2)} s`],
    ['slowest rules', slowest.join(', ')],
    ['evaluations missed', format(sum('prometheus_rule_group_iterations_missed_total'))],
    ['alerts that fire or soon may', await askAlerts()],
  ];
}

async function slowestRules() {
  const { data } = JSON.parse(await fetchText('/api/v1/rules')) as {
    data: { groups: readonly { rules: readonly { name: string; evaluationTime: number }[] }[] };
  };
  const rules = data.groups.flatMap((group) => group.rules);
  return rules.sort((a, b) => b.evaluationTime - a.evaluationTime).slice(0, 5);
}

async function askAlerts(): Promise<string> {
  const { data } = JSON.parse(await fetchText('/api/v1/alerts')) as {
    data: { alerts: readonly { labels: { alertname: string } }[] };
  };
  const counts = new Map<string, number>();
  for (const { labels } of data.alerts) counts.set(labels.alertname, (counts.get(labels.alertname) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

/** One number. */
async function ask(query: string): Promise<string> {
  const { data } = JSON.parse(await fetchText(`/api/v1/query?query=${encodeURIComponent(query)}`)) as {
    data: { result: readonly [{ value: [number, string] }?] };
  };
  const value = data.result[0]?.value[1];
  return value === undefined ? 'none' : format(Number(value));
}

function format(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });
}

function fetchText(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`http://${PROMETHEUS}${path}`, { agent: false }, (response) => text(response).then(resolve, reject)).on(
      'error',
      reject,
    );
  });
}
