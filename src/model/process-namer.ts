import type { ProcessRule, ProcessTrait } from './file-config.ts';
import { compileGlob, type Glob } from './glob.ts';
import { toPrintable } from './printable-text.ts';

/** Characters of a name on the page. */
const LONGEST_NAME = 64;
const PIECE = /\{([^{}]*)\}/g;
const UNDECIDED = Symbol('undecided');

/** The traits of one process: `''` = it has none, undefined = not known (now). Asked for once, and only where a rule needs them. */
export type Traits = (trait: ProcessTrait) => string | undefined;

/**
 * Names a process by the first rule that it fits, with its own name where none does. Undefined where an unknown trait decides. A rule whose
 * name takes a piece that the process does not have does not fit it.
 */
export type ProcessNamer = (traits: Traits) => string | undefined;

export function createProcessNamer(rules: readonly ProcessRule[]): ProcessNamer {
  const compiled = rules.map(compileRule);

  return (traits) => {
    const known = askOnce(traits);
    for (const rule of compiled) {
      const name = rule(known);
      if (name === UNDECIDED) return undefined;
      if (name !== '') return name;
    }
    return known('process');
  };
}

function askOnce(traits: Traits): Traits {
  const answers: Partial<Record<ProcessTrait, string | undefined>> = {};
  return (trait) => {
    if (!(trait in answers)) answers[trait] = traits(trait);
    return answers[trait];
  };
}

/** Traits and words that a name takes. */
export function piecesOf(name: string): string[] {
  return Array.from(name.matchAll(PIECE), ([, piece]) => piece!);
}

/** `''`: the rule does not fit. */
function compileRule({ traits: patterns, name }: ProcessRule): (traits: Traits) => string | typeof UNDECIDED {
  const given = patterns.map(([trait, pattern]) => ({ trait, glob: compileGlob(pattern) }));
  const words = new Set(given.flatMap(({ glob }) => glob.words));
  const taken = piecesOf(name).filter((piece) => !words.has(piece)) as ProcessTrait[];
  const conditions = [...given, ...taken.map((trait) => ({ trait, glob: compileGlob('*') }))];

  return (traits) => {
    const pieces = matchAll(conditions, traits);
    if (pieces === undefined) return '';
    return pieces === UNDECIDED ? UNDECIDED : toName(name.replace(PIECE, (_, piece) => pieces.get(piece)!));
  };
}

interface Condition {
  readonly trait: ProcessTrait;
  readonly glob: Glob;
}

/** Traits and words by their names; undefined if one does not match, which is so whatever is not known. */
function matchAll(
  conditions: readonly Condition[],
  traits: Traits,
): ReadonlyMap<string, string> | typeof UNDECIDED | undefined {
  let pieces: Map<string, string> | undefined;
  let isKnown = true;
  for (const { trait, glob } of conditions) {
    const value = traits(trait);
    if (value === undefined) {
      isKnown = false;
      continue;
    }
    const found = value === '' ? undefined : glob.match(value);
    if (found === undefined) return undefined;
    pieces ??= new Map();
    pieces.set(trait, value);
    for (const [index, word] of glob.words.entries()) pieces.set(word, found[index]!);
  }
  return isKnown ? pieces : UNDECIDED;
}

function toName(text: string): string {
  return toPrintable(text.trim())
    .slice(0, LONGEST_NAME)
    .replace(/[\ud800-\udbff]$/, '');
}
