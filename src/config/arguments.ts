import { parseArgs } from 'node:util';
import { findNearestName } from './nearest-name.ts';
import type { Option } from './options.ts';
import { ConfigRefusal, quoteValue } from './refusal.ts';
import { SWITCH } from './value-types.ts';

/** What was typed for an option, and the name it was typed under (`--log.level` or `TCPSTATE_LOG_LEVEL`). */
export interface Given {
  readonly origin: string;
  readonly texts: readonly string[];
}

export interface Arguments {
  readonly wants: 'run' | 'self-check' | 'help' | 'version';
  readonly givenByFlag: ReadonlyMap<string, Given>;
}

/** Flags that say what to do, not how; no environment variable stands for them. */
const DEEDS: Readonly<Record<string, Arguments['wants']>> = {
  help: 'help',
  h: 'help',
  version: 'version',
  'self-check': 'self-check',
};

/** The command line → what was typed for each option. Refuses names that no option has, and words that are no flag. */
export function readArguments(argv: readonly string[], options: readonly Option[]): Arguments {
  const words = splitArguments(argv, options);
  const deeds = words.map(deedOf);
  if (deeds.includes('help')) return { wants: 'help', givenByFlag: new Map() };
  if (deeds.includes('version')) return { wants: 'version', givenByFlag: new Map() };
  const givenByFlag = new Map<string, Given>();
  for (const [index, word] of words.entries()) {
    if (deeds[index] !== undefined) continue;
    if (word.name === undefined)
      throw new ConfigRefusal(`unexpected argument "${quoteValue(word.typed)}": every setting is a flag`);
    const { option, text } = matchOption(word.name, word.typed, word.value, options);
    const earlier = givenByFlag.get(option.flag);
    if (earlier !== undefined && option.count !== 'many') throw new ConfigRefusal(`--${option.flag} is given twice`);
    givenByFlag.set(option.flag, { origin: `--${option.flag}`, texts: [...(earlier?.texts ?? []), text] });
  }
  return { wants: deeds.includes('self-check') ? 'self-check' : 'run', givenByFlag };
}

/** What a word asks for besides settings; undefined for a setting. */
function deedOf({ name, typed }: Word): Arguments['wants'] | undefined {
  const deed = name !== undefined && Object.hasOwn(DEEDS, name) ? DEEDS[name] : undefined;
  if (deed !== undefined && typed.includes('=')) throw new ConfigRefusal(`${typed.split('=')[0]} takes no value`);
  return deed;
}

interface Word {
  readonly typed: string;
  /** Without its dashes; undefined where the word is not a flag. */
  readonly name: string | undefined;
  readonly value: string | undefined;
}

function splitArguments(argv: readonly string[], options: readonly Option[]): Word[] {
  const types = options.map(({ flag, type }) => [flag, { type: type === SWITCH ? 'boolean' : 'string' }] as const);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(types),
    strict: false, // names are judged here, in words of our own
    allowPositionals: true,
    tokens: true,
  });
  return tokens.map((token) => {
    const typed = argv[token.index] ?? '';
    if (token.kind !== 'option') return { typed, name: undefined, value: undefined };
    // A single dash before a long name is read as a row of short ones: show and judge what was typed.
    const name = token.rawName.startsWith('--') || typed === '-h' ? token.name : typed.replace(/^-+/, '').split('=')[0];
    return { typed, name, value: takenValue(token.value, token.inlineValue) };
  });
}

/** A flag that follows is not the value of the one before it. */
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
  const flags = options.flatMap(({ flag, type }) => (type === SWITCH ? [flag, `no-${flag}`] : [flag]));
  const nearest = findNearestName(name, [...flags, 'help', 'version', 'self-check']);
  if (nearest !== undefined) return new ConfigRefusal(`unknown flag ${shown}: did you mean --${nearest}?`);
  const collectors = options.filter(({ flag }) => flag.startsWith('collector.')).map(({ flag }) => `--${flag}`);
  const isCollector = /^(no-)?collector\./.test(name);
  return new ConfigRefusal(
    `unknown flag ${shown}: ${isCollector ? `there is ${collectors.join(', ')}` : 'see --help'}`,
  );
}
