import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { type Manifest, podOf, renderChart, renderKustomization } from './manifests.ts';
import { HELM, KUBECTL, REPOSITORY, run, skipWithoutTools } from './tools.ts';
import { checkFields, checkValues } from './typed-objects.ts';

const CHART = 'deploy/helm/tcpstate-exporter';
const MONITORING = ['podMonitor.enabled=true', 'prometheusRule.enabled=true', 'dashboards.enabled=true'];
/** Values of the chart → the kustomization that gives the same objects. */
const VARIANTS = [
  [[], 'base'],
  [MONITORING, 'overlays/monitoring'],
  [['owners=false'], 'overlays/unprivileged'],
  [['kernelReader=true'], 'overlays/kernel-reader'],
] as const;
/** Labels that the chart writes and kustomize does not. */
const OF_HELM = /^(app\.kubernetes\.io\/(instance|version|managed-by)|helm\.sh\/chart)$/;
/** A release is kept in a Secret, which holds so much: chart and objects, zipped, in base64 twice. */
const MOST_BYTES = 1_048_576;

const skip = skipWithoutTools(HELM, KUBECTL) ?? false;

describe(CHART, { skip }, () => {
  for (const [values, folder] of VARIANTS) {
    const name = values.join() || 'without values';
    it(`${name}: gives the objects of ${folder}, one by one`, () => {
      const expected = renderKustomization(folder).filter(({ kind }) => kind !== 'Namespace'); // that one is helm's to create
      const given = renderChart(CHART, ...values).map((manifest) => withoutLabels(manifest) as Manifest);
      assert.deepEqual(byName(given), byName(expected));
    });

    it(`${name}: gives helm lint nothing to complain of`, () => {
      const flags = values.map((value) => `--set=${value}`);
      assert.match(run(HELM, ['lint', '--strict', CHART, ...flags]), / 0 chart\(s\) failed/);
    });
  }

  it('keeps the schemas of all kinds, with every value in use', async () => {
    const monitors = ['scheme=https', 'tlsConfig.insecureSkipVerify=true', 'labels.release=prometheus'];
    for (const monitor of ['podMonitor', 'serviceMonitor']) {
      const manifests = renderChart(
        CHART,
        ...[`${monitor}.enabled=true`, ...monitors.map((value) => `${monitor}.${value}`)],
        ...['kernelReader=true', 'connectionEvents=true', 'webConfigSecret=web', 'extraArgs={--limit.connections=0}'],
        ...['env[0].name=A', 'env[0].value=b', 'podLabels.team=sre', 'podAnnotations.note=c', 'nodeSelector.disk=ssd'],
        ...['imagePullSecrets[0].name=pull', 'image.pullPolicy=Always', 'port=10050'],
        ...[`image.digest=sha256:${'0'.repeat(64)}`, 'priorityClass.name=mine', 'prometheusRule.enabled=true'],
      );
      for (const manifest of manifests) assert.equal(await checkValues(manifest), '', manifest.kind);
      assert.equal(checkFields(manifests), '');
      const pod = podOf(manifests);
      assert.deepEqual(pod.containers[0].args, [
        '--web.listen-address=:10050',
        '--path.sysfs=/host/sys',
        '--web.config.file=/etc/tcpstate-exporter/web-config.yml',
        '--limit.connections=0',
      ]);
      assert.deepEqual(pod.containers[0].env, [
        { name: 'TCPSTATE_COLLECTOR_CONNECTION_EVENTS', value: 'true' },
        { name: 'A', value: 'b' },
      ]);
      assert.equal(pod.containers[0].image, `tcpstate-exporter@sha256:${'0'.repeat(64)}`);
    }
  });

  it('scrapes by a ServiceMonitor what the PodMonitor scrapes, under the same labels', () => {
    const [pods, services] = [['podMonitor'], ['serviceMonitor']].map((monitor) =>
      renderChart(CHART, `${monitor}.enabled=true`),
    ) as [Manifest[], Manifest[]];
    const [podEndpoint] = endpointsOf(pods, 'PodMonitor', 'podMetricsEndpoints');
    const [endpoint] = endpointsOf(services, 'ServiceMonitor', 'endpoints');
    assert.deepEqual(JSON.parse(JSON.stringify(endpoint).replace('|service"', '"')), podEndpoint);
    const [service, monitor] = ['Service', 'ServiceMonitor'].map((wanted) =>
      services.find(({ kind }) => kind === wanted),
    ) as unknown as [
      { spec: { clusterIP: string; selector: object } },
      { spec: { selector: { matchLabels: object } } },
    ];
    assert.equal(service.spec.clusterIP, 'None');
    assert.deepEqual(service.spec.selector, monitor.spec.selector.matchLabels);
  });

  it('uses the annotation for AppArmor where Kubernetes has no field for it yet', () => {
    const old = run(HELM, ['template', 'old', CHART, '--kube-version=1.29.0']);
    assert.match(old, /^ +container\.apparmor\.security\.beta\.kubernetes\.io\/tcpstate-exporter: unconfined$/m);
    assert.doesNotMatch(old, /appArmorProfile/);
    assert.match(old, /^ {2}name: old-tcpstate-exporter$/m);
  });

  it('tells after the installation what is still missing', () => {
    const notes = (...flags: string[]) =>
      run(HELM, ['install', 'tcpstate-exporter', CHART, '--dry-run=client', ...flags]).split('\nNOTES:\n')[1]!;
    const bare = notes('--set=owners=false', '--namespace=elsewhere');
    assert.match(bare, /rollout status daemonset\/tcpstate-exporter/);
    assert.match(bare, /kubectl label namespace elsewhere pod-security/);
    for (const missing of [/Nothing scrapes it/, /No alert is installed/, /Owners are off/])
      assert.match(bare, missing);
    const whole = notes(...MONITORING.map((value) => `--set=${value}`));
    for (const missing of [/Nothing scrapes it/, /No alert is installed/, /Owners are off/])
      assert.doesNotMatch(whole, missing);
  });

  for (const [values, complaint] of [
    ['owners=false,kernelReader=true', /kernelReader: true needs owners: true/],
    ['connectionEvents=true', /connectionEvents: true needs kernelReader: true/],
    ['podMonitor.enabled=true,serviceMonitor.enabled=true', /scraped twice/],
    ['tolerationss[0].operator=Exists', /additional properties 'tolerationss' not allowed/],
    ['port=http', /'\/port': got string, want integer/],
    ['podMonitor.interval=5m', /'\/podMonitor\/interval': '5m' does not match/],
    ['image.digest=latest', /'\/image\/digest': 'latest' does not match/],
  ] as const)
    it(`refuses ${values}, and says why`, () => {
      assert.throws(() => renderChart(CHART, values), complaint);
    });

  it('has the version of the program, and a schema that knows its values', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const chart = parse(read(`${CHART}/Chart.yaml`)) as { version: string; appVersion: string };
    assert.deepEqual([chart.version, chart.appVersion], [version, version]);
    const { properties } = JSON.parse(read(`${CHART}/values.schema.json`)) as { properties: object };
    const values = parse(read(`${CHART}/values.yaml`)) as object;
    assert.deepEqual(
      Object.keys(properties)
        .filter((name) => name !== 'global')
        .sort(),
      Object.keys(values).sort(),
    );
  });

  describe('as helm package packs it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-chart-'));
    after(() => rmSync(folder, { recursive: true }));

    it('has rules and dashboards inside, gives the same objects, and fits the Secret of a release', () => {
      run(HELM, ['package', CHART, `--destination=${folder}`]);
      const [archive] = readdirSync(folder).map((name) => join(folder, name));
      run('tar', ['-xzf', archive!, '-C', folder]);
      for (const file of [
        ...readdirSync(new URL('deploy/prometheus/rules/', REPOSITORY)).map((name) => `rules/${name}`),
        ...readdirSync(new URL('dashboards/json/', REPOSITORY)).map((name) => `dashboards/${name}`),
      ])
        assert.ok(existsSync(join(folder, 'tcpstate-exporter/files', file)), file);
      const packed = renderChart(archive!, ...MONITORING);
      assert.deepEqual(packed, renderChart(CHART, ...MONITORING));
      const zipped = (text: string) => gzipSync(text).length;
      const files = run('sh', ['-c', `cat $(find ${folder}/tcpstate-exporter -type f)`]);
      const bytes = (zipped(files) + zipped(JSON.stringify(packed))) * (4 / 3) ** 2;
      assert.ok(bytes < MOST_BYTES / 2, `${bytes} bytes`);
    });
  });
});

function read(path: string): string {
  return readFileSync(new URL(path, REPOSITORY), 'utf8');
}

function byName(manifests: readonly Manifest[]) {
  return Object.fromEntries(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]));
}

/** Wherever labels are: of objects, of pods, in selectors. */
function withoutLabels(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLabels);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !OF_HELM.test(key));
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutLabels(each)]));
}

function endpointsOf(manifests: readonly Manifest[], wanted: string, field: string): readonly object[] {
  const { spec } = manifests.find(({ kind }) => kind === wanted) as unknown as { spec: Record<string, object[]> };
  return spec[field]!;
}
