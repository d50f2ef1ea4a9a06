import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readExportedLabels } from '../alerts/exported-labels.ts';
import { readRecordings } from '../alerts/rule-files.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { askTargets, type TargetLabels } from './targets.ts';
import { REPOSITORY, run, skipWithoutTools } from './tools.ts';
import { checkFields, checkValues } from './typed-objects.ts';

const FOLDER = fileURLToPath(new URL('deploy/prometheus/', REPOSITORY));
const FILES = ['discovery', 'fleet'].flatMap((folder) =>
  readdirSync(FOLDER + folder).map((name) => `${folder}/${name}`),
);
/** What the discovery of each file knows of one target, and the labels that its series shall have. */
const TARGETS: Readonly<Record<string, readonly [known: TargetLabels, wanted: TargetLabels]>> = {
  'discovery/file.yml': [{ site: 'fra' }, { instance: 'web-1.example', site: 'fra' }],
  'discovery/kubernetes.yml': [
    {
      __meta_kubernetes_pod_container_port_name: 'metrics',
      __meta_kubernetes_pod_name: 'tcpstate-exporter-x7k2p',
      __meta_kubernetes_pod_node_name: 'node-1',
      __meta_kubernetes_node_label_topology_kubernetes_io_zone: 'fra-1',
    },
    { instance: 'node-1', zone: 'fra-1' },
  ],
  'discovery/consul.yml': [
    {
      __meta_consul_node: 'web-1',
      __meta_consul_dc: 'fra',
      __meta_consul_service_metadata_role: 'web',
      __meta_consul_tags: ',a,',
    },
    { instance: 'web-1', site: 'fra', role: 'web' },
  ],
  'discovery/ec2.yml': [
    { __meta_ec2_instance_id: 'i-0abc', __meta_ec2_tag_Name: 'web-1', __meta_ec2_availability_zone: 'eu-central-1a' },
    { instance: 'i-0abc', host: 'web-1', zone: 'eu-central-1a' },
  ],
};

interface ScrapeConfig {
  readonly job_name: string;
  readonly [setting: string]: unknown;
}

interface PrometheusConfig {
  readonly rule_files?: readonly string[];
  readonly alerting?: { readonly alertmanagers: readonly unknown[] };
  readonly scrape_configs: readonly [ScrapeConfig];
}

const text = (file: string) => readFileSync(FOLDER + file, 'utf8');
const read = (file: string) => parse(text(file)) as PrometheusConfig;

describe('the examples of deploy/prometheus', { skip: skipWithoutTools('promtool') ?? false }, () => {
  for (const file of FILES) {
    it(`${file} is a whole configuration for promtool`, () => {
      const config = read(file);
      // Debian builds Prometheus without these two: their own settings are checked below.
      const { kubernetes_sd_configs: _, consul_sd_configs: __, ...scrape } = config.scrape_configs[0];
      const copy = mkdtempSync(join(tmpdir(), 'tcpstate-prometheus-'));
      try {
        cpSync(FOLDER, copy, { recursive: true }); // for the paths in it
        writeFileSync(join(copy, file), JSON.stringify({ ...config, scrape_configs: [scrape] }));
        const said = run('promtool', ['check', 'config', '--lint=all', '--lint-fatal', join(copy, file)]);
        assert.match(said, /is valid prometheus config file syntax/);
        if (config.rule_files !== undefined) assert.match(said, /SUCCESS: \d+ rule files found/);
      } finally {
        rmSync(copy, { recursive: true });
      }
    });
  }

  it('every discovery is for the job that the rules expect', () => {
    assert.deepEqual(
      Object.keys(TARGETS).sort(),
      FILES.filter((file) => file.startsWith('discovery/')),
    );
    for (const file of [...Object.keys(TARGETS), 'fleet/leaf.yml']) {
      assert.deepEqual(
        read(file).scrape_configs.map(({ job_name: name }) => name),
        ['tcpstate'],
        file,
      );
      assert.deepEqual(read(file).rule_files, ['../rules/*.yml'], file);
      assert.ok(read(file).alerting?.alertmanagers.length, `${file} tells nobody`);
    }
    assert.notEqual(read('fleet/central.yml').scrape_configs[0].job_name, 'tcpstate');
  });

  it('both ways up to a centre carry all that is recorded of hosts and jobs, and nothing that has the name of a pod or peer', async () => {
    const [, federated] = /__name__=~"([^"]+)"/.exec(
      JSON.stringify(parse(text('fleet/central.yml'))).replaceAll('\\', ''),
    )!;
    const [, written] = /regex: '(\(instance[^']+)'/.exec(text('fleet/leaf.yml'))!;
    const exported = await readExportedLabels();
    for (const { record } of readRecordings()) {
      const isCarried = [federated, written].map((regex) => new RegExp(`^(${regex})$`).test(record));
      const isSmall = /^(instance|job):/.test(record);
      assert.deepEqual(isCarried, [isSmall, isSmall], record);
      if (!isSmall) continue;
      for (const label of ['pod', 'netns', 'remote_ip', 'local_ip'])
        assert.ok(!exported.get(record)!.has(label), record);
    }
  });

  for (const [file, kind] of [
    ['kubernetes', 'kubernetes'],
    ['consul', 'consul'],
  ] as const) {
    it(`the discovery in ${file}.yml keeps the schema that the Prometheus operator has of it`, async () => {
      const settings = read(`discovery/${file}.yml`).scrape_configs[0][`${kind}_sd_configs`];
      const manifest = (spec: unknown) => ({
        apiVersion: 'monitoring.coreos.com/v1alpha1',
        kind: 'ScrapeConfig',
        metadata: { name: file },
        spec: { [`${kind}SDConfigs`]: spec },
      });
      // The operator writes roles with a capital.
      const camel = JSON.parse(
        JSON.stringify(settings)
          .replaceAll(/"(\w+)":/g, (_, key: string) => `"${toCamelCase(key)}":`)
          .replaceAll('"pod"', '"Pod"'),
      ) as object[];
      assert.equal(await checkValues(manifest(camel)), '');
      assert.equal(checkFields([manifest(camel)]), '');
      assert.match(checkFields([manifest([{ ...camel[0], nonsense: 1 }])]), /nonsense/);
    });
  }
});

const skip = skipWithoutTools('prometheus') ?? enterNetworkNamespace() ?? false;

it('Prometheus gives the targets of each discovery the labels that README promises, and no other', {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-targets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const jobs = Object.entries(TARGETS).map(([file, [known]]) => ({
    job_name: file,
    static_configs: [{ targets: ['web-1.example:10048'], labels: known }],
    relabel_configs: read(file).scrape_configs[0].relabel_configs,
  }));
  const labels = await askTargets(t, folder, jobs);
  const wanted = Object.entries(TARGETS).map(([file, [, expected]]) => [file, { job: file, ...expected }]);
  assert.deepEqual(Object.fromEntries(labels.map((each) => [each.job, each])), Object.fromEntries(wanted));
});

function toCamelCase(key: string): string {
  return key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
