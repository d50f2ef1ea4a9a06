import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Manifest, podOf, renderKustomization } from './manifests.ts';
import { KUBECTL, REPOSITORY, skipWithoutTools } from './tools.ts';
import { checkFields, checkValues } from './typed-objects.ts';

const skip = skipWithoutTools(KUBECTL) ?? false;
const FOLDERS = ['base', 'overlays/monitoring', 'overlays/unprivileged', 'overlays/kernel-reader'] as const;
/** `kubectl apply` keeps what it applied in an annotation of at most this size. */
const MOST_BYTES = 262_144;

describe('deploy/kubernetes', { skip }, () => {
  const rendered = new Map(skip === false ? FOLDERS.map((folder) => [folder, renderKustomization(folder)]) : []);

  for (const folder of FOLDERS) {
    it(`${folder} keeps the schemas of its kinds, without unknown fields`, async () => {
      const manifests = rendered.get(folder)!;
      for (const manifest of manifests) assert.equal(await checkValues(manifest), '', manifest.kind);
      assert.equal(checkFields(manifests), '');
    });

    it(`${folder} puts everything that has a namespace into one that admits it, and fits kubectl apply`, () => {
      const manifests = rendered.get(folder)!;
      const namespace = manifests.find(({ kind }) => kind === 'Namespace')!;
      assert.equal(namespace.metadata.labels!['pod-security.kubernetes.io/enforce'], 'privileged');
      for (const manifest of manifests) {
        if (!['Namespace', 'PriorityClass'].includes(manifest.kind))
          assert.equal((manifest.metadata as { namespace?: string }).namespace, namespace.metadata.name);
        assert.ok(JSON.stringify(manifest).length < MOST_BYTES, manifest.metadata.name);
      }
    });
  }

  it('the checks find a value of the wrong type and a misspelt field', async () => {
    const broken = structuredClone(rendered.get('base')!.filter(({ kind }) => kind === 'DaemonSet')) as Manifest[];
    const [container] = podOf(broken).containers as unknown as [Record<string, unknown>];
    container!.readinesProbe = {};
    assert.equal(await checkValues(broken[0]!), '');
    assert.match(checkFields(broken), /readinesProbe/);
    container!.ports = [{ containerPort: 'metrics' }];
    assert.match(await checkValues(broken[0]!), /containerPort must be integer/);
  });

  it('runs this version of the exporter, as a user that is not root, and asks the paths it has', () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', REPOSITORY), 'utf8')) as { version: string };
    const pages = readFileSync(new URL('src/http/pages/pages.ts', REPOSITORY), 'utf8');
    for (const folder of FOLDERS) {
      const pod = podOf(rendered.get(folder)!);
      const [container] = pod.containers;
      assert.equal(container.image, `tcpstate-exporter:${version}`);
      assert.ok(pod.securityContext.runAsNonRoot && pod.securityContext.runAsUser !== 0);
      for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
        assert.ok(pages.includes(`app.get('${httpGet.path}'`), httpGet.path);
        assert.equal(httpGet.port, container.ports[0]!.name);
      }
      assert.equal(container.ports[0]!.hostPort, container.ports[0]!.containerPort);
      const names = pod.hostPID === true ? ['/var/log/pods', '/var/log/containers'] : [];
      const mounted = container.volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly]);
      assert.deepEqual(
        mounted,
        ['/host/sys/fs/cgroup', ...names].map((path) => [path, true]),
      );
      assert.deepEqual(
        pod.volumes.map(({ hostPath }) => hostPath.path),
        ['/sys/fs/cgroup', ...names],
      );
    }
  });

  it('without privileges it asks for none: no capability, no profile of its own, no processes of the node', () => {
    const pod = podOf(rendered.get('overlays/unprivileged')!);
    assert.deepEqual(pod.containers[0].securityContext.capabilities, { drop: ['ALL'] });
    assert.deepEqual([pod.hostPID, pod.securityContext.appArmorProfile], [undefined, undefined]);
    assert.equal(pod.containers[0].args.at(-1), '--no-collector.namespace', 'or TcpStateWrongNamespace fires');
  });

  it('with the reader in the kernel it asks for two capabilities more, and hands on all four', () => {
    const [container] = podOf(rendered.get('overlays/kernel-reader')!).containers;
    const { add } = container.securityContext.capabilities;
    assert.deepEqual(add, ['SYS_PTRACE', 'DAC_READ_SEARCH', 'BPF', 'PERFMON']);
    const handed = add!.map((name) => `+${name.toLowerCase()}`).join();
    assert.deepEqual(container.command.slice(0, 3), [
      '/usr/local/bin/setpriv-kernel-reader',
      `--inh-caps=${handed}`,
      `--ambient-caps=${handed}`,
    ]);
  });

  it('requests the memory and the CPU that docs/costs.md has for 100,000 sockets', () => {
    const costs = readFileSync(new URL('docs/costs.md', REPOSITORY), 'utf8');
    const [, cpuMs, megabytes] = /^\| 100,000 established \| (?:\d+ and )?(\d+) ms \|.*\| (\d+) MB \|$/m.exec(costs)!;
    const { requests } = podOf(rendered.get('base')!).containers[0].resources;
    const memory = Number(/^(\d+)Mi$/.exec(requests.memory!)![1]) * 1.048576;
    assert.ok(memory >= Number(megabytes) && memory < 1.5 * Number(megabytes), `${memory} MB for ${megabytes}`);
    const cpu = Number(/^(\d+)m$/.exec(requests.cpu!)![1]);
    assert.ok(cpu >= Number(cpuMs) / 15, `${cpu}m for ${cpuMs} ms every 15 s`);
  });

  it('is scraped under the job that the rules expect, by node name, at the port the pod has', () => {
    const manifests = rendered.get('overlays/monitoring')!;
    const [monitor] = manifests.filter(({ kind }) => kind === 'PodMonitor') as unknown as [PodMonitor];
    const [endpoint] = monitor.spec.podMetricsEndpoints;
    assert.equal(endpoint.port, podOf(manifests).containers[0].ports[0]!.name);
    const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet;
    assert.deepEqual(daemonSet.spec.template.metadata.labels, monitor.spec.selector.matchLabels);
    const [job, instance] = endpoint.relabelings;
    assert.deepEqual(job, { targetLabel: 'job', replacement: 'tcpstate' });
    assert.equal(instance!.targetLabel, 'instance');
    const dropped = endpoint.relabelings.filter(({ action }) => action === 'labeldrop').map(({ regex }) => regex);
    for (const label of ['namespace', 'pod', 'container']) assert.match(label, new RegExp(`^(${dropped})$`));
  });

  it('brings every dashboard, labelled for the sidecar', () => {
    const maps = rendered.get('overlays/monitoring')!.filter(({ kind }) => kind === 'ConfigMap');
    const files = maps.flatMap(({ data }) => Object.keys(data as object));
    assert.deepEqual(files.sort(), readdirSync(new URL('dashboards/json/', REPOSITORY)).sort());
    for (const { metadata } of maps) assert.equal(metadata.labels!.grafana_dashboard, '1');
  });
});

interface PodMonitor {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly [
      {
        readonly port: string;
        readonly relabelings: readonly {
          targetLabel: string;
          replacement?: string;
          action?: string;
          regex?: string;
        }[];
      },
    ];
  };
}

interface DaemonSet {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } } };
}
