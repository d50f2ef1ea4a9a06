import type { Given } from './arguments.ts';
import type { Option, ValuesOf } from './options.ts';
import { ConfigRefusal, quoteValue } from './refusal.ts';

/** What was typed for the options of a table → their values. Throws a `ConfigRefusal` that says what is allowed. */
export function valuesOf<Table extends Readonly<Record<string, Option>>>(
  table: Table,
  givenByFlag: ReadonlyMap<string, Given>,
): ValuesOf<Table> {
  const entries = Object.entries(table).map(([key, option]) => [key, valueFor(option, givenByFlag.get(option.flag))]);
  return Object.fromEntries(entries) as ValuesOf<Table>; // each value comes from the parser of its own row
}

function valueFor(option: Option, given: Given | undefined): unknown {
  const texts = given?.texts ?? (option.fallback === undefined ? [] : [option.fallback]);
  const values = texts
    .filter((text) => text !== '' || option.count !== 'maybe') // "--web.config.file=" leaves it unset
    .map((text) => {
      const value = option.type.parse(text);
      if (value !== undefined) return value;
      const origin = given?.origin ?? `--${option.flag}`;
      const hint = option.type.hint?.(text);
      const advice = `give ${option.type.allowed}${hint === undefined ? '' : `; did you mean ${hint}?`}`;
      throw new ConfigRefusal(`${origin}=${quoteValue(text)} is not allowed: ${advice}`);
    });
  return option.count === 'many' ? values : values[0];
}
