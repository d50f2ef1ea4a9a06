import type { FileConfig } from '../../model/file-config.ts';
import { readDestinationRules } from './destination-rules.ts';
import { readFilterRules } from './filter-rules.ts';
import { readHostThresholds } from './host-thresholds.ts';
import { parseYaml, readFields } from './yaml-field.ts';

/** The text of a configuration file → what it says. Throws a `ConfigRefusal` with file, line and column. */
export function parseConfigFile(text: string, file: string): FileConfig {
  const root = parseYaml(text, file);
  const { destinations, thresholds, filters } = readFields(root, ['destinations', 'thresholds', 'filters']);
  return {
    destinations: destinations === undefined ? [] : readDestinationRules(destinations),
    thresholds: thresholds === undefined ? {} : readHostThresholds(thresholds),
    ...(filters && { filters: readFilterRules(filters) }),
  };
}
