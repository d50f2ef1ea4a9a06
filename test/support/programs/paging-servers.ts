import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A target as `static_configs` has it, its labels included. */
export interface PagingTarget {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** How much of a hurry: what a minute of the rules becomes, how often is scraped, how long Alertmanager waits for a group. */
export interface Hurry {
  readonly secondsPerMinute: number;
  readonly interval: string;
  readonly groupWait: string;
}

/**
 * Starts Prometheus with our rules and Alertmanager with our example configuration, both in a hurry: minutes have become
 * seconds. PagerDuty and Slack are the port of a server on this host. Stopped after the test.
 */
export function startPagingServers(
  t: TestContext,
  targets: readonly PagingTarget[],
  webhookPort: number,
  hurry: Hurry = { secondsPerMinute: 1, interval: '1s', groupWait: '1s' },
): void {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-paging-'));
  writeHurriedRules(join(folder, 'rules'), hurry.secondsPerMinute);
  writeFileSync(join(folder, 'prometheus.yml'), stringify(prometheusConfig(targets, hurry.interval)));
  writeFileSync(join(folder, 'alertmanager.yml'), stringify(alertmanagerConfig(folder, webhookPort, hurry.groupWait)));
  copyFileSync(join(DEPLOY, 'alertmanager/tcpstate.tmpl'), join(folder, 'tcpstate.tmpl'));
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

/** The rules themselves, but every window, offset and `for` shorter. */
function writeHurriedRules(folder: string, secondsPerMinute: number): void {
  mkdirSync(folder);
  for (const file of readdirSync(join(DEPLOY, 'prometheus/rules'))) {
    const rules = readFileSync(join(DEPLOY, 'prometheus/rules', file), 'utf8');
    const hurried = rules
      .replace(
        /(?<=\[|offset |(?:^| )(?:for|keep_firing_for): )(\d+)m\b/gm,
        (_, minutes) => `${minutes * secondsPerMinute}s`,
      )
      .replace(/(?<=offset |for: )1h\b/g, `${60 * secondsPerMinute}s`);
    writeFileSync(join(folder, file), hurried);
  }
}

function prometheusConfig(targets: readonly PagingTarget[], interval: string): object {
  const example = parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8')) as Record<string, unknown>;
  return {
    ...example,
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] },
    scrape_configs: [{ job_name: 'tcpstate', static_configs: targets }],
  };
}

function alertmanagerConfig(folder: string, webhookPort: number, groupWait: string): object {
  const url = `http://127.0.0.1:${webhookPort}`;
  writeFileSync(join(folder, 'routing-key'), 'key');
  writeFileSync(join(folder, 'slack-url'), `${url}/slack`);
  const example = readFileSync(join(DEPLOY, 'alertmanager/alertmanager.yml'), 'utf8')
    .replaceAll(/group_wait: \w+/g, `group_wait: ${groupWait}`)
    .replaceAll(/group_interval: \w+/g, 'group_interval: 1s')
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
