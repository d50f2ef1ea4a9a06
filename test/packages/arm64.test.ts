import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { packageNamed, version } from './built.ts';
import { startInstalled } from './installed.ts';
import { missingProgram, missingTool } from './missing-tool.ts';

/** The C and C++ libraries of arm64: libc6-arm64-cross and libstdc++6-arm64-cross of Debian. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const QEMU = 'qemu-aarch64-static';
/** e_machine of an ELF file (include/uapi/linux/elf-em.h). */
const EM_AARCH64 = 183;
/** Emulated, a scrape takes seconds; on a busy machine many. */
const PATIENT = ['--scrape.timeout=2m', '--web.request-timeout=2m', '--owners.time-budget=10s'];
/** qemu passes no NETLINK_SOCK_DIAG on, so that sockets come from /proc/net/tcp, which has neither of these. */
const ABSENT = ['close_wait', 'units'];

const skip = missingTool(
  missingProgram(QEMU) ??
    (existsSync(`${LIBRARIES}/lib/libstdc++.so.6`) ? undefined : 'skipped: needs libstdc++6-arm64-cross'),
);

test('the program for arm64 runs on an emulated arm64, and every call to libc that qemu knows works', {
  skip,
}, async (t) => {
  const folder = scratchFolder(t);
  execFileSync('dpkg-deb', ['-x', packageNamed('.deb', 'arm64'), folder]); // the rpm has the same files
  const program = join(folder, 'usr/lib/tcpstate-exporter');
  assert.equal(readFileSync(join(program, 'node')).readUInt16LE(18), EM_AARCH64);
  linkSync(join(program, 'node'), join(program, 'emulated')); // a name of its own among the owners
  const command = [QEMU, '-L', LIBRARIES, join(program, 'emulated'), join(program, 'dist/main.js'), ...PATIENT];

  const exporter = await startInstalled(t, command, '/', 180_000);
  const page = await exporter.scrape();
  const collectors = page.get('tcpstate_scrape_collector_success')!.samples;
  for (const { labels, value } of collectors) assert.equal(value, 1, labels.collector);
  for (const name of ABSENT) assert.ok(!collectors.some(({ labels }) => labels.collector === name), name);
  assert.equal(page.get('tcpstate_exporter_build_info')!.samples[0]!.labels.version, version());
  const owners = page.get('tcpstate_process_sockets')!.samples.filter(({ labels }) => labels.state === 'listen');
  assert.ok(
    owners.some(({ labels, value }) => labels.process === 'emulated' && value >= 1),
    'owner of its own socket',
  );
  assert.equal(await exporter.stop(), 0);
});

function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-arm64-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
