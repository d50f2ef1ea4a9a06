import type { FileConfig } from '../../model/file-config.ts';
import { readDestinationRules } from './destination-rules.ts';
import { readFilterRules } from './filter-rules.ts';
import { readHostThresholds } from './host-thresholds.ts';
import { readProcessRules } from './process-rules.ts';
import { parseYaml, readFields } from './yaml-field.ts';

/** The text of a configuration file → what it says. Throws a `ConfigRefusal` with file, line and column. */
export function parseConfigFile(text: string, file: string): FileConfig {
  const root = parseYaml(text, file);
  const sections = ['destinations', 'processes', 'thresholds', 'filters'] as const;
  const { destinations, processes, thresholds, filters } = readFields(root, sections);
  return {
    destinations: destinations === undefined ? [] : readDestinationRules(destinations),
    processes: processes === undefined ? [] : readProcessRules(processes),
    thresholds: thresholds === undefined ? {} : readHostThresholds(thresholds),
    ...(filters && { filters: readFilterRules(filters) }),
  };
}
