import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { type ContainerSpec, OWNER_CAPABILITIES, runContainer, startContainer } from './container.ts';
import { readCommand } from './dockerfile.ts';
import { createImageRoot } from './image-root.ts';
import { podOf, readCompose, renderKustomization } from './manifests.ts';
import { COMPOSE, KUBECTL, skipWithoutTools, skipWithoutUsers } from './tools.ts';

/** A server of another user, whose process only those with both capabilities see. */
const PORT = 7070;
/** "node", or what newer versions call themselves. */
const OWN_NAME = readFileSync('/proc/self/comm', 'utf8').trim();
const HAS_CGROUP2 = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup2 ');
const OWNERS = ['+sys_ptrace', '+dac_read_search'].join();
const LAUNCHER = ['/usr/local/bin/setpriv-owners', `--inh-caps=${OWNERS}`, `--ambient-caps=${OWNERS}`];
/** What Docker leaves to a container that asks for nothing (moby, oci/caps/defaults.go). */
const DOCKER_DEFAULT = 0xa80425fb;

const missing =
  skipWithoutTools('gcc', 'setcap', 'setpriv', 'unshare', 'nsenter', KUBECTL, COMPOSE) ?? skipWithoutUsers();
// before the network namespace, in which nothing can be fetched
const built = missing === undefined ? createImageRoot() : undefined;
const skip = missing ?? enterNetworkNamespace() ?? false;
after(() => built?.remove());

describe('the files of the image, read-only and as nobody', { skip }, () => {
  const image = built!;
  const server = createServer();
  before(() => new Promise<void>((resolve) => server.listen(PORT, '127.0.0.1', resolve)));
  after(() => server.close());

  test('the DaemonSet, run as containerd does, names the owners of all sockets', async (t) => {
    const exporter = await startContainer(t, image, kubernetesSpec('base'));
    const page = await exporter.scrape();
    assertWhole(page);
    assert.deepEqual(ownersOf(page), { listener: OWN_NAME, hidden: 0 });
    assert.equal((await exporter.stop()).code, 0);
  });

  test('the DaemonSet with the reader in the kernel loads it and keeps only what shows owners', async (t) => {
    const withReader = missingBpf();
    if (withReader !== undefined) return void t.skip(withReader);
    const exporter = await startContainer(t, image, kubernetesSpec('overlays/kernel-reader'));
    const page = await exporter.scrape();
    assertWhole(page, 'bpf');
    assert.deepEqual(ownersOf(page), { listener: OWN_NAME, hidden: 0 });
    const kept = OWNER_CAPABILITIES.toString(16).padStart(16, '0');
    const script = `/CapEff:\\s*(\\w+)/.exec(require('fs').readFileSync('/proc/${exporter.pid}/status', 'utf8'))[1]`;
    assert.deepEqual(exporter.exec(['node', '-p', script]), { code: 0, said: `${kept}\n` });
  });

  test('the unprivileged DaemonSet tells everything but the owners', async (t) => {
    const spec = kubernetesSpec('overlays/unprivileged');
    assert.equal(spec.capabilities, 0);
    const exporter = await startContainer(t, image, spec);
    const page = await exporter.scrape();
    assertWhole(page);
    const { listener, hidden } = ownersOf(page);
    assert.equal(listener, 'unknown');
    assert.ok(hidden > 0);
  });

  test('the Compose service, run as Docker does, names the owners of all sockets', async (t) => {
    const exporter = await startContainer(t, image, composeSpec());
    const page = await exporter.scrape();
    assertWhole(page);
    assert.deepEqual(ownersOf(page), { listener: OWN_NAME, hidden: 0 });
  });

  test('instead of the pid namespace, a mounted /proc of the host will do', async (t) => {
    const environment = { ...composeSpec().environment, TCPSTATE_PATH_PROCFS: '/host/proc' };
    const exporter = await startContainer(t, image, { ...composeSpec(), hostPid: false, environment });
    const page = await exporter.scrape();
    assertWhole(page);
    assert.deepEqual(ownersOf(page), { listener: OWN_NAME, hidden: 0 });
  });

  test('root with these two capabilities needs no launcher, not even with no_new_privs', async (t) => {
    const command = readCommand('ENTRYPOINT');
    const exporter = await startContainer(t, image, { ...composeSpec(), uid: 0, noNewPrivileges: true, command });
    assert.deepEqual(ownersOf(await exporter.scrape()), { listener: OWN_NAME, hidden: 0 });
  });

  test('plain `docker run` works, and the health check says how it is', async (t) => {
    const exporter = await startContainer(t, image, plainSpec());
    assertWhole(await exporter.scrape());
    const check = readCommand('HEALTHCHECK');
    assert.deepEqual(exporter.exec(check), { code: 0, said: '' });
    const elsewhere = exporter.exec([...check, 'http://127.0.0.1:1/-/healthy']);
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.said, /^http:\/\/127\.0\.0\.1:1\/-\/healthy: .*ECONNREFUSED/);
    assert.equal(exporter.exec([...check, 'http://127.0.0.1:10048/nothing']).code, 1);
  });

  test('as process 1 it ends within a second of SIGTERM, with exit code 0', async (t) => {
    for (const command of [readCommand('ENTRYPOINT'), [...LAUNCHER, ...readCommand('ENTRYPOINT')]]) {
      const spec = { ...plainSpec(), hostPid: false, command, capabilities: OWNER_CAPABILITIES };
      const exporter = await startContainer(t, image, spec);
      const first = ['node', '-p', `require('fs').readFileSync('/proc/1/cmdline', 'utf8').split('\\0')[0]`];
      assert.equal(exporter.exec(first).said, 'node\n');
      await exporter.scrape();
      const { code, milliseconds } = await exporter.stop();
      assert.equal(code, 0);
      assert.ok(milliseconds < 1000, `${milliseconds} ms`);
    }
  });

  test('nothing can be written, and nobody is not root', () => {
    const script = `
      const { mkdirSync, writeFileSync } = require('node:fs');
      for (const attempt of [() => writeFileSync('/app/dist/main.js', ''), () => mkdirSync('/tmp/x'), () => process.setuid(0)])
        try { attempt(); console.log('done'); } catch ({ code }) { console.log(code); }`;
    const { said } = runContainer(image, { ...plainSpec(), uid: 65534, command: ['node', '-e', script] });
    assert.deepEqual(said.trim().split('\n'), ['EROFS', 'EROFS', 'EPERM']);
    const asRoot = runContainer(image, { ...plainSpec(), uid: 0, command: ['node', '-e', script] });
    assert.deepEqual(asRoot.said.trim().split('\n'), ['EROFS', 'EROFS', 'done']);
  });

  describe('the traps that the comments speak of', () => {
    const status = [
      'node',
      '-p',
      `/CapEff:\\s*(\\w+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1]`,
    ];
    const effective = OWNER_CAPABILITIES.toString(16).padStart(16, '0');
    const none = '0'.repeat(16);

    for (const runtime of ['cri', 'docker'] as const) {
      test(`${runtime}: without the launcher a user other than root has no capability`, () => {
        const spec = { ...plainSpec(), runtime, capabilities: OWNER_CAPABILITIES };
        assert.deepEqual(runContainer(image, { ...spec, command: status }), { code: 0, said: `${none}\n` });
        const launched = runContainer(image, { ...spec, command: [...LAUNCHER, ...status] });
        assert.deepEqual(launched, { code: 0, said: `${effective}\n` });
      });
    }

    test('no_new_privs takes the capabilities away with Docker, not with containerd', () => {
      const spec = { ...plainSpec(), noNewPrivileges: true, capabilities: OWNER_CAPABILITIES };
      const command = [...LAUNCHER, ...status];
      assert.deepEqual(runContainer(image, { ...spec, runtime: 'cri', command }), { code: 0, said: `${effective}\n` });
      const { code, said } = runContainer(image, { ...spec, runtime: 'docker', command });
      assert.notEqual(code, 0);
      assert.match(said, /Operation not permitted/);
    });

    test('no_new_privs: a shell in between has nothing to hand on', () => {
      const spec: ContainerSpec = { ...plainSpec(), runtime: 'cri', capabilities: OWNER_CAPABILITIES };
      const command = ['/bin/sh', '-c', `exec ${[...LAUNCHER, 'node', '--version'].join(' ')}`];
      assert.equal(runContainer(image, { ...spec, noNewPrivileges: false, command }).code, 0);
      const { code, said } = runContainer(image, { ...spec, noNewPrivileges: true, command });
      assert.notEqual(code, 0);
      assert.match(said, /Operation not permitted/);
    });

    test('the launcher does not start in a container that was not given both', () => {
      for (const capabilities of [DOCKER_DEFAULT, 1 << 19]) {
        const { code, said } = runContainer(image, { ...plainSpec(), capabilities, command: [...LAUNCHER, ...status] });
        assert.deepEqual([code, said.trim()], [126, `container-start: exec ${LAUNCHER[0]}: Operation not permitted`]);
      }
    });
  });
});

function kubernetesSpec(folder: string): ContainerSpec {
  const { hostNetwork, hostPID = false, securityContext, containers } = podOf(renderKustomization(folder));
  const [container] = containers;
  assert.equal(hostNetwork, true);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);
  return {
    runtime: 'cri',
    uid: securityContext.runAsUser,
    capabilities: maskOf(container.securityContext.capabilities.add ?? []),
    noNewPrivileges: !container.securityContext.allowPrivilegeEscalation,
    hostPid: hostPID,
    command: [...container.command, ...container.args],
  };
}

function composeSpec(): ContainerSpec {
  const service = readCompose()['tcpstate-exporter']!;
  assert.deepEqual([service.network_mode, service.read_only, service.cap_drop], ['host', true, ['ALL']]);
  return {
    runtime: 'docker',
    uid: 65534, // the Dockerfile's
    capabilities: maskOf(service.cap_add ?? []),
    noNewPrivileges: (service.security_opt ?? []).some((option) => option.startsWith('no-new-privileges')),
    hostPid: service.pid === 'host',
    command: [...(service.entrypoint ?? readCommand('ENTRYPOINT')), ...(service.command ?? [])],
    environment: service.environment ?? {},
  };
}

/** `docker run --network host --pid host --read-only`. */
function plainSpec(): ContainerSpec {
  const command = readCommand('ENTRYPOINT');
  return {
    runtime: 'docker',
    uid: 65534,
    capabilities: DOCKER_DEFAULT,
    noNewPrivileges: false,
    hostPid: true,
    command,
  };
}

function maskOf(names: readonly string[]): number {
  const bits: Readonly<Record<string, number>> = { DAC_READ_SEARCH: 2, SYS_PTRACE: 19, PERFMON: 38, BPF: 39 };
  return names.reduce((mask, name) => mask + 2 ** bits[name]!, 0);
}

function assertWhole(page: ReadonlyMap<string, ParsedFamily>, source = 'sock_diag'): void {
  const failed = page.get('tcpstate_scrape_collector_success')!.samples.filter(({ value }) => value !== 1);
  assert.deepEqual(failed, []);
  const [build] = page.get('tcpstate_exporter_build_info')!.samples;
  assert.match(build!.labels.node_version!, /^v24\./);
  const sources = page
    .get('tcpstate_source_info')!
    .samples.map(({ labels }) => `${labels.collector}: ${labels.source}`);
  assert.ok(sources.includes(`sockets: ${source}`), sources.join());
  if (HAS_CGROUP2) assert.ok(sources.includes('units: cgroupfs'), sources.join());
}

/** The process that has our listener, and how many sockets hide theirs. */
function ownersOf(page: ReadonlyMap<string, ParsedFamily>): { listener: string | undefined; hidden: number } {
  const queues = page.get('tcpstate_listener_accept_queue_limit')!.samples;
  const unattributed = page.get('tcpstate_unattributed_sockets')!.samples;
  return {
    listener: queues.find(({ labels }) => labels.local_port === String(PORT))?.labels.process,
    hidden: unattributed
      .filter(({ labels }) => labels.reason === 'permission' || labels.reason === 'pid_namespace')
      .reduce((sum, { value }) => sum + value, 0),
  };
}
