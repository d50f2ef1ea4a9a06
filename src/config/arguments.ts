import { parseArgs } from 'node:util';
import { adviseForeignFlag } from './foreign-flags.ts';
import { findNearestName } from './nearest-name.ts';
import type { Option } from './options.ts';
import { ConfigRefusal, quoteValue } from './refusal.ts';
import { SWITCH } from './value-types.ts';

/** The text given for an option, and the name it was given under (`--log.level` or `TCPSTATE_LOG_LEVEL`). */
export interface Given {
  readonly origin: string;
  readonly texts: readonly string[];
}

export interface Arguments {
  readonly wants: 'run' | 'self-check' | 'config.check' | 'help' | 'version';
  readonly givenByFlag: ReadonlyMap<string, Given>;
}

/** Commands given as flags; no environment variable replaces them. */
const COMMANDS: Readonly<Record<string, Arguments['wants']>> = {
  help: 'help',
  h: 'help',
  version: 'version',
  'self-check': 'self-check',
  'config.check': 'config.check',
};

/** The command line → the text given for each option. Refuses unknown names and words that are not flags. */
export function readArguments(argv: readonly string[], options: readonly Option[]): Arguments {
  const words = splitArguments(argv, options);
  const commands = words.map(commandOf);
  if (commands.includes('help')) return { wants: 'help', givenByFlag: new Map() };
  if (commands.includes('version')) return { wants: 'version', givenByFlag: new Map() };
  const givenByFlag = new Map<string, Given>();
  for (const [index, word] of words.entries()) {
    if (commands[index] !== undefined) continue;
    if (word.name === undefined)
      throw new ConfigRefusal(`unexpected argument "${quoteValue(word.typed)}": every setting is a flag`);
    const { option, text } = matchOption(word.name, word.typed, word.value, options);
    const earlier = givenByFlag.get(option.flag);
    if (earlier !== undefined && option.count !== 'many') throw new ConfigRefusal(`--${option.flag} is given twice`);
    givenByFlag.set(option.flag, { origin: `--${option.flag}`, texts: [...(earlier?.texts ?? []), text] });
  }
  return { wants: commands.find((command) => command !== undefined) ?? 'run', givenByFlag };
}

/** The command that a word stands for; undefined for a setting. */
function commandOf({ name, typed }: Word): Arguments['wants'] | undefined {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined && typed.includes('=')) throw new ConfigRefusal(`${typed.split('=')[0]} takes no value`);
  return command;
}

interface Word {
  readonly typed: string;
  /** The word without its dashes; undefined if it is not a flag. */
  readonly name: string | undefined;
  readonly value: string | undefined;
}

function splitArguments(argv: readonly string[], options: readonly Option[]): Word[] {
  const types = options.map(
    ({ flag, type, bare }) => [flag, { type: type === SWITCH || bare !== undefined ? 'boolean' : 'string' }] as const,
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(types),
    strict: false, // this module checks the names, with its own messages
    allowPositionals: true,
    tokens: true,
  });
  return tokens.map((token) => {
    const typed = argv[token.index] ?? '';
    if (token.kind !== 'option') return { typed, name: undefined, value: undefined };
    // The parser reads a single dash before a long name as a row of short flags; check and show the original text.
    const name = token.rawName.startsWith('--') || typed === '-h' ? token.name : typed.replace(/^-+/, '').split('=')[0];
    return { typed, name, value: takenValue(token.value, token.inlineValue) };
  });
}

/** The next flag is not the value of this one. */
function takenValue(value: string | undefined, isInline: boolean | undefined): string | undefined {
  return isInline !== true && value?.startsWith('--') === true ? undefined : value;
}

function matchOption(
  name: string,
  typed: string,
  value: string | undefined,
  options: readonly Option[],
): { option: Option; text: string } {
  const option = options.find(({ flag }) => flag === name);
  if (option === undefined || !typed.startsWith('--')) return matchNegated(name, typed, value, options);
  if (value !== undefined) return { option, text: value };
  if (option.type === SWITCH) return { option, text: 'true' };
  if (option.bare !== undefined) return { option, text: option.bare };
  throw new ConfigRefusal(`--${name} needs a value: give ${option.type.allowed}`);
}

function matchNegated(
  name: string,
  typed: string,
  value: string | undefined,
  options: readonly Option[],
): { option: Option; text: string } {
  const option = options.find(({ flag, type }) => type === SWITCH && `no-${flag}` === name);
  if (option === undefined || !typed.startsWith('--')) throw unknownFlag(name, typed, options);
  if (value !== undefined) throw new ConfigRefusal(`--${name} takes no value`);
  return { option, text: 'false' };
}

function unknownFlag(name: string, typed: string, options: readonly Option[]): ConfigRefusal {
  const shown = quoteValue(typed.split('=')[0] ?? typed);
  return new ConfigRefusal(`unknown flag ${shown}: ${adviseForeignFlag(name) ?? suggestFlag(name, options)}`);
}

function suggestFlag(name: string, options: readonly Option[]): string {
  const flags = options.flatMap(({ flag, type }) => (type === SWITCH ? [flag, `no-${flag}`] : [flag]));
  const [prefix = ''] = /^(no-)?collector\./.exec(name) ?? [];
  const nearest =
    prefix === ''
      ? findNearestName(name, [...flags, 'help', 'version', 'self-check', 'config.check'])
      : findNearestName(
          name.slice(prefix.length),
          flags.filter((flag) => flag.startsWith(prefix)).map((flag) => flag.slice(prefix.length)),
        );
  if (nearest !== undefined) return `did you mean --${prefix}${nearest}?`;
  if (prefix === '') return 'see --help';
  const collectors = flags.filter((flag) => /^collector\.\w+$/.test(flag)).map((flag) => `--${flag}`);
  return `there is ${collectors.join(', ')}`;
}
