import type { ProcessRule, ProcessTrait } from '../../../model/file-config.ts';
import { createProcessNamer, type ProcessNamer } from '../../../model/process-namer.ts';
import { scriptOf } from '../../../model/script-name.ts';
import { splitCommandLine } from './command-line.ts';
import type { ProcessList } from './process-list.ts';

/** What a process is asked for when it is named. */
export interface NameSources {
  readonly processes: Pick<ProcessList, 'nameOf'>;
  /** Its services or application pool; undefined = none. */
  readonly unitOf: (pid: number) => string | undefined;
  /** Undefined if it may not be read. */
  readonly readCommandLine: (pid: number) => string | undefined;
}

/** What processes are called on the page. */
export interface ProcessNames {
  /** Undefined if there is no such process. Looks at it when it is asked for the first time. */
  nameOf(pid: number): string | undefined;
  /** Forgets processes that have ended. */
  forgetEnded(): void;
  use(rules: readonly ProcessRule[]): void;
}

/** By rules, or without them by the programs. A pid is the same process as long as it is there, with the same program. */
export function createProcessNames({ processes, unitOf, readCommandLine }: NameSources): ProcessNames {
  const known = new Map<number, { readonly program: string; readonly name: string }>();
  let namer: ProcessNamer | undefined;

  return {
    nameOf(pid) {
      const program = processes.nameOf(pid);
      if (program === undefined || namer === undefined) return program;
      const before = known.get(pid);
      if (before?.program === program) return before.name;
      const name = namer(createTraits(pid, program))!;
      known.set(pid, { program, name });
      return name;
    },
    forgetEnded() {
      for (const pid of known.keys()) if (processes.nameOf(pid) === undefined) known.delete(pid);
    },
    use(rules) {
      namer = rules.length === 0 ? undefined : createProcessNamer(rules);
      known.clear();
    },
  };

  /** Each is read when a rule asks for it, once. What cannot be read is not there. */
  function createTraits(pid: number, program: string) {
    let args: readonly string[] | undefined;
    return (trait: ProcessTrait): string => {
      if (trait === 'process') return program;
      if (trait === 'unit') return unitOf(pid) ?? '';
      if (trait === 'container') return '';
      args ??= splitCommandLine(readCommandLine(pid) ?? '');
      return trait === 'script' ? (scriptOf(args) ?? '') : args.join(' ');
    };
  }
}
