import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;

/**
 * Moves this thread, and with it every process and worker it starts from now on, into a fresh network namespace whose
 * loopback serves 127.0.0.0/8, 10.0.0.0/8, ::1 and fd00::/8. Returns why that is not possible here, undefined when it is done.
 * Sockets that Node opens on the main thread (net, http) are in the namespace too. In CI a failure is an error, not a reason to skip.
 */
export function enterNetworkNamespace(): string | undefined {
  const reason = tryToEnter();
  if (reason !== undefined && process.env.CI === 'true') throw new Error(reason);
  return reason;
}

function tryToEnter(): string | undefined {
  if (process.platform !== 'linux') return 'skipped: needs Linux';
  const unshare = koffi.load(null).func('int unshare(int flags)');
  if (unshare(CLONE_NEWNET) !== 0)
    return 'skipped: needs root or a user namespace (unshare -r) to make a network namespace';
  for (const command of [
    'ip link set lo up',
    'ip route add local 10.0.0.0/8 dev lo',
    'ip -6 route add local fd00::/8 dev lo',
  ]) {
    const [program, ...args] = command.split(' ');
    const { error, status, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
    if (error !== undefined || status !== 0)
      return `skipped: needs iproute2: "${command}" failed: ${error?.message ?? stderr.trim()}`;
  }
  return undefined;
}

/** Sets a sysctl of the namespace this thread is in; `name` is its path below /proc/sys/net: `ipv4/ip_local_port_range`. */
export function setNetworkSetting(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/${name}`, value);
}

/** A network namespace that this thread can enter again, and is kept as long as it is open. */
export interface KeptNamespace {
  /** The number in `net:[…]`. */
  readonly inum: number;
  /** Does something in it, and returns to the namespace the thread is in now. */
  within<Value>(act: () => Value): Value;
  close(): void;
}

/** Makes another network namespace, like `enterNetworkNamespace`, but leaves this thread where it is. */
export function makeNetworkNamespace(): KeptNamespace {
  const setns = koffi.load(null).func('int setns(int fd, int kind)');
  const enter = (fd: number) => {
    if (setns(fd, CLONE_NEWNET) !== 0) throw new Error('setns failed');
  };
  const open = () => openSync('/proc/thread-self/ns/net', 'r');
  const home = open();
  const reason = enterNetworkNamespace();
  if (reason !== undefined) throw new Error(reason);
  const fd = open();
  const inum = fstatSync(fd).ino;
  enter(home);
  closeSync(home);
  return {
    inum,
    within(act) {
      const from = open();
      enter(fd);
      try {
        return act();
      } finally {
        enter(from);
        closeSync(from);
      }
    },
    close: () => closeSync(fd),
  };
}
