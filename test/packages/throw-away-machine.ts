import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./throw-away-machine.sh', import.meta.url));
const NAMESPACES = ['--mount', '--pid', '--fork', '--net', '--ipc', '--uts', '--cgroup', '--kill-child'];
const BOOT_MS = 20_000;
const COMMAND_MS = 60_000;

/** This machine as it is (but for /tmp and /run, which are empty), with systemd running, in namespaces of its own; what is done in it is gone afterwards. */
export interface Machine {
  /** Runs shell commands as root; throws with what they printed when they fail. */
  run(script: string): string;
  /** Runs it until it succeeds. */
  untilRuns(script: string): Promise<string>;
}

/** Why there can be none here, undefined when there can. */
export function missingForMachine(): string | undefined {
  if (process.platform !== 'linux' || process.getuid!() !== 0)
    return 'skipped: needs root, to boot systemd in namespaces';
  if (!existsSync('/lib/systemd/systemd')) return 'skipped: needs systemd (apt-get install systemd)';
  if (findCgroups() === undefined) return 'skipped: needs cgroup2 to be mounted';
  return undefined;
}

/** `shown` is the folder that it has as /mnt. */
export async function bootMachine(t: TestContext, shown: string): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-machine-'));
  const cgroup = join(findCgroups()!, `tcpstate-machine-${process.pid}`);
  mkdirSync(cgroup);
  const boot = 'echo $$ > "$0/cgroup.procs"; exec "$@"';
  const launcher = spawn('sh', ['-c', boot, cgroup, 'unshare', ...NAMESPACES, 'sh', SCRIPT, folder, shown], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(launcher, 'exit');
  let complaints = '';
  launcher.stderr.on('data', (text) => {
    complaints += text;
  });
  t.after(async () => {
    const init = childOf(launcher.pid!);
    if (init !== undefined) process.kill(init, 'SIGKILL');
    await ended;
    await removeCgroups(cgroup);
    rmdirSync(folder);
  });
  const machine = enterable(() => childOf(launcher.pid!));
  try {
    await machine.untilRuns('systemctl is-active machine.target');
  } catch (error) {
    throw new Error(`systemd does not come up: ${complaints}`, { cause: error });
  }
  return machine;
}

function enterable(init: () => number | undefined): Machine {
  return { run, untilRuns };

  function run(script: string): string {
    const enter = ['--target', String(init()), '--all', '--root', '--wd=/', 'sh', '-ec', script];
    const { status, stdout, stderr, error } = spawnSync('nsenter', enter, {
      encoding: 'utf8',
      cwd: '/',
      timeout: COMMAND_MS,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    });
    if (status === 0) return stdout;
    throw new Error(`"${script}" failed with ${error?.message ?? status}: ${stdout}${stderr}`);
  }

  async function untilRuns(script: string): Promise<string> {
    const deadline = Date.now() + BOOT_MS;
    for (;;) {
      try {
        return run(script);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await pause(200);
      }
    }
  }
}

function childOf(pid: number): number | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  const [first] = existsSync(path) ? readFileSync(path, 'utf8').split(' ') : [];
  return first ? Number(first) : undefined;
}

function findCgroups(): string | undefined {
  return /^\S+ (\S+) cgroup2 rw/m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];
}

/** The kernel lets go of the last processes a moment after they ended. */
async function removeCgroups(folder: string, tries = 50): Promise<void> {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of below) await removeCgroups(join(folder, name), tries);
  try {
    rmdirSync(folder);
  } catch (error) {
    if (tries === 0) throw error;
    await pause(100);
    await removeCgroups(folder, tries - 1);
  }
}
