import type { PlatformName } from '../model/collectors.ts';
import type { SocketSource } from '../model/socket-source.ts';
import type { Platform, PlatformOptions } from './platform.ts';
import type { Reference } from './reference.ts';

/**
 * Opens the platform of that name, without loading the others. Who names no source gets none that has to be proven by the sockets: a
 * command that looks twice has no time for it. Throws if the OS refuses every source of sockets.
 */
export async function openPlatform(name: PlatformName, options: PlatformOptions): Promise<Platform> {
  switch (name) {
    case 'linux': {
      const { openLinuxPlatform } = await import('./linux/index.ts');
      const { walk, fds, events } = programsOf(options);
      const { addWalk } = walk ? await import('./linux/walk-sources.ts') : {};
      const { openKernelLinks } = fds ? await import('./linux/fd-sources.ts') : {};
      const { openConnectionEvents } = events ? await import('./linux/event-source.ts') : {};
      return openLinuxPlatform(options, { addWalk, openKernelLinks, openEvents: openConnectionEvents });
    }
    case 'windows': {
      const { openWindowsPlatform } = await import('./windows/index.ts');
      return openWindowsPlatform(options);
    }
  }
}

/** Sources that load a program into the kernel where that is allowed. */
const MAY_LOAD: ReadonlySet<SocketSource> = new Set(['auto', 'bpf']);

/**
 * Does what takes rights that the process is not to keep, before anything else is opened. May not return: the process then begins anew
 * without them. `passed`: descriptors that it was started with. Throws where it has to go on with them.
 */
export async function useStartRights(
  name: PlatformName,
  options: Pick<PlatformOptions, 'socketSource' | 'collectors'>,
  passed: readonly number[],
): Promise<void> {
  const wanted = programsOf(options);
  if (name !== 'linux' || !(wanted.walk || wanted.fds || wanted.events)) return;
  const { loadAndGiveUp } = await import('./linux/bpf/hand-over.ts');
  loadAndGiveUp(wanted, passed);
}

/** The programs that these options have loaded into the kernel. */
function programsOf({ socketSource, collectors }: Pick<PlatformOptions, 'socketSource' | 'collectors'>) {
  const isOneLook = socketSource === undefined;
  const mayLoad = isOneLook || MAY_LOAD.has(socketSource);
  return {
    walk: mayLoad && !isOneLook,
    fds: mayLoad && collectors.has('processes'),
    events: collectors.has('connection_events'),
  };
}

/** Tells at any time whether this process may use the keyboard of its terminal. */
export async function openForegroundCheck(
  name: PlatformName,
  { procfs }: Pick<PlatformOptions, 'procfs'>,
): Promise<() => boolean> {
  if (name !== 'linux') return () => true; // Windows has no background of that kind
  const { isInForeground } = await import('./linux/procfs/foreground.ts');
  return () => isInForeground(procfs);
}

/** The second readers of a platform's sockets, for `--self-check`. */
export async function openReferences(
  name: PlatformName,
  options: Pick<PlatformOptions, 'procfs'>,
): Promise<readonly Reference[]> {
  switch (name) {
    case 'linux': {
      const { createProcNetTcpReference } = await import('./linux/procfs/reference.ts');
      return [createProcNetTcpReference(options.procfs)];
    }
    case 'windows': {
      const { openNetstatReferences } = await import('./windows/netstat/reference.ts');
      return openNetstatReferences();
    }
  }
}
