import type { ProcessRule, ProcessTrait } from '../../../model/file-config.ts';
import { createProcessNamer, type ProcessNamer } from '../../../model/process-namer.ts';
import { scriptOf } from '../../../model/script-name.ts';
import type { ProcessRecord } from './process-table.ts';

/** By slot. */
export type KnownProcesses = readonly (ProcessRecord | undefined)[];

/** Where a process is; `''` = nowhere. */
export interface ProcessPlace {
  readonly unit: string;
  readonly container: string;
}

/** What a process is asked for when it is named. */
export interface ProcessReaders {
  /** Both by the folder of a process below procfs. Undefined if it cannot be read. */
  readonly readArguments: (folder: string) => readonly string[] | undefined;
  readonly readPlace: (folder: string) => ProcessPlace;
}

/** What processes are called on the page. */
export interface ProcessNames {
  /** Undefined where there are no rules. */
  readonly namer: ProcessNamer | undefined;
  /** Grows with each change of the rules. */
  readonly version: number;
  /** Rules from now on. Who keeps a name asks again. */
  use(rules: readonly ProcessRule[]): void;
  /** Looks at the process when it is asked for the first time, and after exec(). */
  nameOf(record: ProcessRecord): string;
}

export function createProcessNames(readers: ProcessReaders): ProcessNames {
  let namer: ProcessNamer | undefined;
  let version = 0;

  return {
    get namer() {
      return namer;
    },
    get version() {
      return version;
    },
    use(rules) {
      namer = rules.length === 0 ? undefined : createProcessNamer(rules);
      version++;
    },
    nameOf(record) {
      if (namer === undefined) return record.name;
      if (record.label?.by !== version) record.label = { name: namer(createTraits(record, readers))!, by: version };
      return record.label.name;
    },
  };
}

/** Each file is read when a rule asks for what is in it, once. What cannot be read is not there. */
function createTraits({ pid, tid, name, folder }: ProcessRecord, { readArguments, readPlace }: ProcessReaders) {
  let args: readonly string[] | undefined;
  let place: ProcessPlace | undefined;

  return (trait: ProcessTrait): string => {
    if (trait === 'process') return name;
    if (trait === 'unit' || trait === 'container') {
      place ??= readPlace(tid === undefined ? folder : String(pid)); // of a process that lost its first thread cgroup v1 tells its others only
      return place[trait];
    }
    args ??= readArguments(folder) ?? [];
    return trait === 'script' ? (scriptOf(args) ?? '') : args.join(' ');
  };
}
