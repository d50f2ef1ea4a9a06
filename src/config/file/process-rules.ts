import { PROCESS_TRAITS, type ProcessRule, type ProcessTrait } from '../../model/file-config.ts';
import { compileGlob } from '../../model/glob.ts';
import { piecesOf } from '../../model/process-namer.ts';
import { quoteValue } from '../refusal.ts';
import { readLabelValue } from './label-value.ts';
import { type Field, readFields, readList, readText, refuseField } from './yaml-field.ts';

const MOST_RULES = 1000;
const LONGEST_PATTERN = 256;
const MOST_WILDCARDS = 8;
/** It may have passwords, so only what a pattern takes out of it can be in a name. */
const SECRET: ProcessTrait = 'command_line';
const NAMING = PROCESS_TRAITS.filter((trait) => trait !== SECRET);

/** `- {process: java, script: "*.kafka.Kafka", name: kafka}`, in the order in which they are tried. */
export function readProcessRules(section: Field): ProcessRule[] {
  const fields = readList(section);
  if (fields.length > MOST_RULES)
    throw refuseField(
      section,
      `has ${fields.length} rules: give ${MOST_RULES} at most, with patterns for several names`,
    );
  return fields.map(readRule);
}

function readRule(rule: Field): ProcessRule {
  const { name: nameField, ...conditions } = readFields(rule, [...PROCESS_TRAITS, 'name']);
  if (nameField === undefined)
    throw refuseField(rule, 'has a rule without a name: give name: and how to call the process');
  const traits = PROCESS_TRAITS.flatMap((trait) => {
    const field = conditions[trait];
    return field === undefined ? [] : [[trait, readPattern(field)] as const];
  });
  const words = traits.flatMap(([trait, pattern]) => compileGlob(pattern).words.map((word) => ({ trait, word })));
  for (const [index, { trait, word }] of words.entries()) {
    if (PROCESS_TRAITS.some((each) => each === word) || words.findIndex((other) => other.word === word) < index)
      throw refuseField(
        conditions[trait]!,
        `has {${word}}, which stands for something else already: give the word another name`,
      );
  }
  return {
    traits,
    name: readName(
      nameField,
      words.map(({ word }) => word),
      traits.length > 0,
    ),
  };
}

function readPattern(field: Field): string {
  const pattern = readText(field);
  if (pattern === '' || pattern.length > LONGEST_PATTERN)
    throw refuseField(field, `has to have 1 to ${LONGEST_PATTERN} characters`);
  if ((pattern.match(/[*{]/g)?.length ?? 0) > MOST_WILDCARDS)
    throw refuseField(field, `has more than ${MOST_WILDCARDS} of * and {word}: leave some out`);
  try {
    compileGlob(pattern);
  } catch (error) {
    throw refuseField(field, (error as Error).message);
  }
  return pattern;
}

function readName(field: Field, words: readonly string[], hasCondition: boolean): string {
  const name = readLabelValue(field, ['other', 'filtered', 'unknown']);
  const pieces = piecesOf(name);
  if (/[{}]/.test(name.replace(/\{[^{}]*\}/g, ''))) throw refuseField(field, 'has a brace without its other half');
  const unknown = pieces.find((piece) => !words.includes(piece) && !NAMING.some((trait) => trait === piece));
  if (unknown !== undefined) {
    const allowed = [...NAMING, ...words].map((piece) => `{${piece}}`).join(', ');
    const why = unknown === SECRET ? 'which may have passwords: take a {word} out of it; ' : 'which nothing gives: ';
    throw refuseField(field, `takes {${quoteValue(unknown)}}, ${why}allowed are ${allowed}`);
  }
  if (!hasCondition && pieces.length === 0)
    throw refuseField(field, `would be the name of every process: give one of ${PROCESS_TRAITS.join(', ')} beside it`);
  return name;
}
