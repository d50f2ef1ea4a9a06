import { parseAllDocuments } from 'yaml';
import { COMPOSE, HELM, KUBECTL, run } from './tools.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

/** The parts of a DaemonSet that the tests look at. */
export interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly securityContext: {
    readonly runAsNonRoot: boolean;
    readonly runAsUser: number;
    readonly appArmorProfile?: { readonly type: string };
  };
  readonly containers: readonly [PodContainer];
  readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
}

interface PodContainer {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number; readonly hostPort: number }[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly resources: { readonly requests: Readonly<Record<string, string>> };
  readonly securityContext: {
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly: boolean }[];
}

/** What `kubectl apply -k` would send. */
export function renderKustomization(folder: string): Manifest[] {
  const text = run(KUBECTL, ['kustomize', `deploy/kubernetes/${folder}`]);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** What `helm install` would send, as a release in the namespace of the kustomizations. `values`: name=value as for --set. */
export function renderChart(chart: string, ...values: readonly string[]): Manifest[] {
  const release = ['tcpstate-exporter', chart, '--namespace=tcpstate'];
  const text = run(HELM, ['template', ...release, ...values.map((value) => `--set=${value}`)]);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

export function podOf(manifests: readonly Manifest[]): PodSpec {
  const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet');
  return (daemonSet as unknown as { spec: { template: { spec: PodSpec } } }).spec.template.spec;
}

/** A service as docker-compose understands it: defaults filled in, paths absolute. */
export interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode?: string;
  readonly pid?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
}

export function readCompose(): Readonly<Record<string, Service>> {
  const text = run(COMPOSE, ['-f', 'deploy/compose.yml', 'config', '--format', 'json'], { GRAFANA_PASSWORD: 'secret' });
  return (JSON.parse(text) as { services: Record<string, Service> }).services;
}
