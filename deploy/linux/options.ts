import { OPTIONS, type Option } from '../../src/config/options.ts';
import { SWITCH } from '../../src/config/value-types.ts';
import { collectorsOf } from '../../src/model/collectors.ts';

const WINDOWS_ONLY = /^service(\.|$)/;

/** Every option that a service on Linux may set, collectors at the end, where `fallback` is what they do by default. */
export function linuxOptions(): readonly Option[] {
  const collectors = collectorsOf('linux').map(({ name, help, isOff }) => ({
    flag: `collector.${name}`,
    type: SWITCH,
    count: 'one' as const,
    fallback: String(!isOff),
    help: `Collect ${help}.`,
  }));
  return [...Object.values(OPTIONS).filter(({ flag }) => !WINDOWS_ONLY.test(flag)), ...collectors];
}
