import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
/** Debian's name first, then the project's own. */
const ALERTMANAGER = ['prometheus-alertmanager', 'alertmanager'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** Why there is no Alertmanager to test with; in CI that is an error. */
export function skipWithoutAlertmanager(): string | false {
  if (ALERTMANAGER !== undefined) return false;
  if (process.env.CI === 'true') throw new Error('no alertmanager in the PATH');
  return 'skipped: needs prometheus-alertmanager';
}

/**
 * Starts Prometheus with our rules and Alertmanager with our example configuration, both in a hurry: minutes have become
 * seconds. PagerDuty and Slack are the port of a server on this host. Stopped after the test.
 */
export function startPagingServers(t: TestContext, exporterPort: number, webhookPort: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-paging-'));
  writeHurriedRules(join(folder, 'rules'));
  writeFileSync(join(folder, 'prometheus.yml'), stringify(prometheusConfig(exporterPort)));
  writeFileSync(join(folder, 'alertmanager.yml'), stringify(alertmanagerConfig(folder, webhookPort)));
  const stops = [
    run('prometheus', [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      '--web.listen-address=127.0.0.1:9090',
    ]),
    run(ALERTMANAGER!, [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/alerts`,
      '--web.listen-address=127.0.0.1:9093',
      '--cluster.listen-address=',
    ]),
  ];
  t.after(async () => {
    await Promise.all(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  });
}

/** The rules themselves, but every window, offset and `for` sixty times shorter. */
function writeHurriedRules(folder: string): void {
  mkdirSync(folder);
  for (const file of readdirSync(join(DEPLOY, 'prometheus/rules'))) {
    const rules = readFileSync(join(DEPLOY, 'prometheus/rules', file), 'utf8');
    const hurried = rules
      .replace(/(?<=\[|offset |(?:^| )(?:for|keep_firing_for): )(\d+)m\b/gm, '$1s')
      .replace(/(?<=offset |for: )1h\b/g, '60s');
    writeFileSync(join(folder, file), hurried);
  }
}

function prometheusConfig(exporterPort: number): object {
  const example = parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8')) as Record<string, unknown>;
  const targets = [`127.0.0.1:${exporterPort}`];
  return {
    ...example,
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] },
    scrape_configs: [{ job_name: 'tcpstate', static_configs: [{ targets }] }],
  };
}

function alertmanagerConfig(folder: string, webhookPort: number): object {
  const url = `http://127.0.0.1:${webhookPort}`;
  writeFileSync(join(folder, 'routing-key'), 'key');
  writeFileSync(join(folder, 'slack-url'), `${url}/slack`);
  const example = readFileSync(join(DEPLOY, 'alertmanager/alertmanager.yml'), 'utf8')
    .replaceAll(/group_(wait|interval): \w+/g, 'group_$1: 1s')
    .replace('/etc/alertmanager/pagerduty-routing-key', join(folder, 'routing-key'))
    .replace('/etc/alertmanager/slack-webhook-url', join(folder, 'slack-url'));
  const config = parse(example) as { receivers: { pagerduty_configs?: object[] }[] };
  for (const { pagerduty_configs: receivers } of config.receivers) {
    for (const receiver of receivers ?? []) Object.assign(receiver, { url: `${url}/pagerduty` });
  }
  return config;
}

function run(program: string, args: readonly string[]): () => Promise<void> {
  const child = spawn(program, [...args, '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await exit;
  };
}
