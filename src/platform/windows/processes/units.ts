import type { UnitResolver } from '../../platform.ts';
import { applicationPoolOf } from './command-line.ts';
import type { ProcessList } from './process-list.ts';

/** The sources of the names. */
export interface UnitSources {
  readonly processes: ProcessList;
  /** Running services: pid → names. */
  readonly readServices: () => ReadonlyMap<number, readonly string[]>;
  readonly readCommandLine: (pid: number) => string | undefined;
}

const IIS_WORKER = 'w3wp.exe';

/**
 * Names the service of a process, or the application pool of an IIS worker. A process that runs several services has
 * all their names: the tables do not say which one a socket belongs to.
 */
export function createUnitResolver(sources: UnitSources): UnitResolver & { forget(): void } {
  const { processes, readServices, readCommandLine } = sources;
  let services: ReadonlyMap<number, readonly string[]> | undefined;

  return {
    source: 'service_manager',
    nameOf(groupId) {
      if (groupId === 0n) return undefined;
      const pid = Number(groupId);
      services ??= readServices();
      return poolOf(pid) ?? services.get(pid)?.join(',');
    },
    /** Makes the next call read the services again. */
    forget() {
      services = undefined;
    },
  };

  function poolOf(pid: number): string | undefined {
    if (processes.nameOf(pid)?.toLowerCase() !== IIS_WORKER) return undefined;
    const commandLine = readCommandLine(pid);
    return commandLine === undefined ? undefined : applicationPoolOf(commandLine);
  }
}
