import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import type { ParsedFamily } from '../support/pages/exposition-parser.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { readCommand, readFinal } from './dockerfile.ts';
import { podOf, renderKustomization } from './manifests.ts';
import { type RuncSpec, startByRunc, unpackImage } from './runc.ts';
import { KUBECTL, REPOSITORY, run, skipWithoutTools, skipWithoutUsers } from './tools.ts';

const { version } = JSON.parse(readFileSync(new URL('package.json', REPOSITORY), 'utf8')) as { version: string };
const QEMU = '/usr/bin/qemu-aarch64-static';
/** A server of another user, whose process only those with both capabilities see. */
const PORT = 7071;
const OWN_NAME = readFileSync('/proc/self/comm', 'utf8').trim();
const OWNER_CAPABILITIES = ['SYS_PTRACE', 'DAC_READ_SEARCH'];
const BOTH = '0000000000080004'; // bits 19 and 2
const NONE = '0'.repeat(16);

interface ImageConfig {
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly ExposedPorts: Readonly<Record<string, object>>;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
}

const missing =
  skipWithoutTools('runc', 'umoci', 'skopeo', 'setcap', 'aarch64-linux-gnu-strip', QEMU, KUBECTL) ?? skipWithoutUsers();
const work = mkdtempSync(join(tmpdir(), 'tcpstate-image-test-'));
after(() => rmSync(work, { recursive: true, force: true }));
// before the network namespace, in which nothing can be fetched
const layouts = missing === undefined ? buildLayouts() : undefined;
const skip = missing ?? enterNetworkNamespace() ?? false;

describe('npm run package:image', { skip }, () => {
  const { x64, arm64 } = layouts!;

  it('gives the same digest when it is built again, elsewhere and with another umask', () => {
    const again = build('x64', 'again', 'umask 077; exec "$0" "$@"');
    assert.equal(readFileSync(`${again}.sha256`, 'utf8'), readFileSync(`${x64.archive}.sha256`, 'utf8'));
  });

  it('gives images that say what the Dockerfile says, with an entry point for each set of privileges', () => {
    const commandOf = (folder: string) => podOf(renderKustomization(folder)).containers[0].command;
    const entryPoints = {
      '': readCommand('ENTRYPOINT'),
      '-owners': commandOf('base'),
      '-kernel-reader': commandOf('overlays/kernel-reader'),
    };
    for (const [variant, entryPoint] of Object.entries(entryPoints)) {
      const { config } = JSON.parse(skopeo(x64.layout, variant)) as ImageConfig;
      assert.deepEqual(config.Entrypoint, entryPoint);
      assert.deepEqual([config.User], readFinal('USER'));
      assert.deepEqual(config.Env.slice(1), readFinal('ENV'));
      const ports = readFinal('EXPOSE').map((port) => `${port}/tcp`);
      assert.deepEqual(Object.keys(config.ExposedPorts), ports);
      assert.deepEqual(config.Healthcheck!.Test, ['CMD', ...readCommand('HEALTHCHECK')]);
      assert.equal(config.Labels['org.opencontainers.image.version'], version);
    }
  });

  it('has a bill of materials with the packages of Debian that are in it, and nothing to become another user by', () => {
    const bundle = x64.unpack('');
    const { components } = JSON.parse(readFileSync(x64.archive.replace(/\.tar$/, '.cdx.json'), 'utf8')) as {
      components: readonly { name: string; version: string }[];
    };
    for (const name of ['libc6', 'libstdc++6', 'util-linux']) {
      const status = readFileSync(join(bundle, 'rootfs/var/lib/dpkg/status.d', name), 'utf8');
      const [, installed] = /^Version: (.*)$/m.exec(status)!;
      assert.equal(components.find((each) => each.name === name)?.version, installed, name);
      assert.ok(existsSync(join(bundle, 'rootfs/usr/share/doc', name, 'copyright')), name);
    }
    const find = ['-xdev', '-type', 'f', '(', '-perm', '/6000', '-o', '-name', '*sh', '-o', '-perm', '/022', ')'];
    assert.equal(run('find', [join(bundle, 'rootfs'), ...find]), '');
  });

  it('builds for arm64 as well, with every library that its Node.js needs (emulated)', () => {
    const rootfs = join(arm64.unpack(''), 'rootfs');
    copyFileSync(QEMU, join(rootfs, 'qemu'));
    const said = run('chroot', [rootfs, '/qemu', '/usr/local/bin/node', '/app/dist/main.js', '--version']);
    assert.match(said, new RegExp(`^tcpstate-exporter, version ${version} `));
    const { architecture } = JSON.parse(skopeo(arm64.layout, '')) as { architecture: string };
    assert.equal(architecture, 'arm64');
  });

  describe('run by runc, read-only and as nobody', () => {
    const server = createServer();
    before(() => new Promise<void>((resolve) => server.listen(PORT, '127.0.0.1', resolve)));
    after(() => server.close());
    const plain: RuncSpec = { runtime: 'docker', capabilities: [], noNewPrivileges: true, hostPid: true };

    test('without capabilities it tells everything but the owners, and the health check how it is', async (t) => {
      const exporter = await startByRunc(t, x64.unpack(''), plain);
      assertWhole(await exporter.scrape());
      assert.equal(listenerOf(await exporter.scrape()), 'unknown');
      assert.deepEqual([exporter.status('Uid'), exporter.status('CapEff')], ['65534\t65534\t65534\t65534', NONE]);
      assert.deepEqual(exporter.exec(readCommand('HEALTHCHECK')), { code: 0, said: '' });
      assert.equal(await exporter.stop(), 0);
    });

    for (const [runtime, noNewPrivileges] of [
      ['cri', true],
      ['docker', false],
    ] as const)
      test(`-owners names the owners of all sockets, started as ${runtime} does`, async (t) => {
        const spec = {
          ...plain,
          runtime,
          noNewPrivileges,
          capabilities: OWNER_CAPABILITIES,
          args: ['--path.sysfs=/host/sys'],
        };
        const exporter = await startByRunc(t, x64.unpack('-owners'), spec);
        const page = await exporter.scrape();
        assertWhole(page);
        assert.equal(listenerOf(page), OWN_NAME);
        assert.equal(exporter.status('CapEff'), BOTH);
      });

    test('the DaemonSet is at home in it, as process 1 of its own pid namespace too', async (t) => {
      const [container] = podOf(renderKustomization('base')).containers;
      const { add } = container.securityContext.capabilities;
      const spec = {
        ...plain,
        runtime: 'cri',
        capabilities: add!,
        command: container.command,
        args: container.args,
      } as const;
      const exporter = await startByRunc(t, x64.unpack(''), spec);
      assert.equal(listenerOf(await exporter.scrape()), OWN_NAME);
      assert.equal(await exporter.stop(), 0);
      const alone = await startByRunc(t, x64.unpack(''), { ...spec, hostPid: false });
      assert.ok((await alone.scrape()).has('tcpstate_sockets'));
      assert.equal(await alone.stop(), 0);
    });

    test('-kernel-reader loads the reader and keeps only what shows owners', async (t) => {
      const withoutReader = missingBpf();
      if (withoutReader !== undefined) return void t.skip(withoutReader);
      const capabilities = [...OWNER_CAPABILITIES, 'BPF', 'PERFMON'];
      const exporter = await startByRunc(t, x64.unpack('-kernel-reader'), { ...plain, runtime: 'cri', capabilities });
      const page = await exporter.scrape();
      assertWhole(page, 'bpf');
      assert.equal(exporter.status('CapEff'), BOTH);
    });
  });
});

function buildLayouts() {
  return Object.fromEntries(['x64', 'arm64'].map((arch) => [arch, layoutOf(build(arch, arch))])) as Readonly<
    Record<'x64' | 'arm64', ReturnType<typeof layoutOf>>
  >;
}

/** The path of the archive. */
function build(arch: string, folder: string, shell = 'exec "$0" "$@"'): string {
  const output = join(work, folder);
  mkdirSync(join(output, 'tmp'), { recursive: true });
  const command = [process.execPath, 'deploy/container/image.mjs', `--arch=${arch}`, output];
  run('sh', ['-c', shell, ...command], { TMPDIR: join(output, 'tmp') });
  return join(output, `tcpstate-exporter-${version}-oci-${arch}.tar`);
}

function layoutOf(archive: string) {
  const layout = `${archive}.layout`;
  mkdirSync(layout);
  run('tar', ['-xf', archive, '-C', layout]);
  let bundles = 0;
  return {
    archive,
    layout,
    unpack(variant: string): string {
      const bundle = `${archive}.${bundles++}`;
      unpackImage(layout, `${version}${variant}`, bundle);
      return bundle;
    },
  };
}

/** The configuration of an image as it is stored: Docker's health check is not OCI's. */
function skopeo(layout: string, variant: string): string {
  return run('skopeo', ['inspect', '--config', '--raw', `oci:${layout}:${version}${variant}`]);
}

function assertWhole(page: ReadonlyMap<string, ParsedFamily>, source = 'sock_diag'): void {
  for (const { labels, value } of page.get('tcpstate_scrape_collector_success')!.samples)
    assert.equal(value, 1, labels.collector);
  const sources = page
    .get('tcpstate_source_info')!
    .samples.map(({ labels }) => `${labels.collector}: ${labels.source}`);
  assert.ok(sources.includes(`sockets: ${source}`), sources.join());
}

function listenerOf(page: ReadonlyMap<string, ParsedFamily>): string | undefined {
  const cells = page.get('tcpstate_listener_accept_queue_length')!.samples;
  return cells.find(({ labels }) => labels.local_port === String(PORT))?.labels.process;
}
