import type { Logger } from '../../log/log.ts';
import type { ConfigInUse, FileConfig } from '../../model/file-config.ts';
import { countFilterRules } from '../../model/filters.ts';
import { ConfigRefusal } from '../refusal.ts';
import { parseConfigFile } from './config-file.ts';
import { createReadFiles, type ReadFiles } from './read-files.ts';
import { openReread, readWhole } from './reread.ts';

/**
 * Reads a configuration file; throws a `ConfigRefusal` if something is wrong. The function it returns gives what is in use, the same object
 * until that changes; it has a changed file read again, and while that is broken, the previous content stays.
 */
export function openConfigFile(file: string, log: Logger): () => ConfigInUse {
  return openReread<ConfigInUse>({
    first(files) {
      const config = read(file, files);
      log.info({ file, ...describe(config) }, 'the configuration is read');
      return config;
    },
    again(files) {
      const config = read(file, files);
      // more likely somebody is about to write it
      if (isEmpty(config)) throw new ConfigRefusal(`${file} is empty`);
      log.info({ file, ...describe(config) }, 'the changed configuration is in use');
      return config;
    },
    broken(error, inUse) {
      log.error({ error }, 'the changed configuration is broken, the previous one stays in use');
      return { ...inUse, isCurrent: false };
    },
  });
}

/** What the file says now, for who looks once. Throws as `openConfigFile`. */
export function readConfigFile(file: string): ConfigInUse {
  return read(file, createReadFiles());
}

/** How many entries the file has, by section. */
function describe({ destinations, processes, thresholds, filters }: FileConfig) {
  return {
    destinations: destinations.length,
    processes: processes.length,
    thresholds: Object.keys(thresholds).length,
    filters: filters === undefined ? 0 : countFilterRules(filters),
  };
}

function isEmpty(config: FileConfig): boolean {
  return Object.values(describe(config)).every((entries) => entries === 0) && config.filters?.isDropped !== true;
}

function read(file: string, files: ReadFiles): ConfigInUse {
  return { ...parseConfigFile(readWhole('--config.file', file, files), file), isCurrent: true };
}
