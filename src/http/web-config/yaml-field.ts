import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
} from 'yaml';
import { ConfigRefusal, quoteValue } from '../../config/refusal.ts';

/** A value in a YAML file, and where it stands. Only what is known to be no secret is repeated in messages. */
export interface Field {
  /** The key it stands under; empty for the whole file. */
  readonly name: string;
  /** undefined = nothing is given: an empty value, or an empty file. */
  readonly value: Node | undefined;
  /** `file:line:column` of the key. */
  readonly place: string;
  /** The same for a value below this one, given by its key. */
  below(name: string, key: Node, value: unknown): Field;
}

/** A web configuration has four levels. */
const DEEPEST = 64;

/** The text of a file → its value. YAML 1.1, as the Go exporters read it: there `yes` and `on` are true. */
export function parseYaml(text: string, file: string): Field {
  const lines = new LineCounter();
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const tooDeep = findTooDeep(text, lines);
  if (tooDeep !== undefined) throw new ConfigRefusal(`${placeAt(tooDeep)}: nested more than ${DEEPEST} levels deep`);
  // Pretty errors would show the lines around the mistake, and there may be a key in them.
  const document = parseDocument(text, { version: '1.1', prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigRefusal(`${placeAt(error.pos[0])}: ${quoteValue(error.message)}`);
  const makeField = (name: string, offset: number, value: unknown): Field => {
    const place = placeAt(offset);
    // taken for an empty value it would open what it was to close: `basic_auth_users: *users`
    if (isAlias(value) && value.resolve(document) === undefined)
      throw new ConfigRefusal(`${place}: no anchor stands before its alias`); // a password may begin with * as well
    return {
      name,
      value: givenValue(document, value),
      place,
      below: (childName, key, childValue) => makeField(childName, key.range?.[0] ?? 0, childValue),
    };
  };
  return makeField('', 0, document.contents);
}

/**
 * Where a text nests deeper than any configuration; undefined = nowhere. The library goes down into values by calling
 * itself, and has ended the whole process that way: "- " 4000 times left V8 no stack to compile a regular expression on.
 */
function findTooDeep(text: string, lines: LineCounter): number | undefined {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // finished values: only what is still open counts
    if (parser.stack.length > DEEPEST) return parser.offset;
  }
  return undefined;
}

/** The error to throw for a field: one line that says where it stands. */
export function refuseField({ name, place }: Field, reason: string): ConfigRefusal {
  return new ConfigRefusal(`${place}: ${name === '' ? '' : `${quoteValue(name)} `}${reason}`);
}

/** The keys of a mapping, all of which have to be among the names. Keys without a value are left out. */
export function readFields<Name extends string>(field: Field, names: readonly Name[]): Partial<Record<Name, Field>> {
  const found: Partial<Record<Name, Field>> = {};
  for (const child of readEntries(field)) {
    const name = names.find((each) => each === child.name);
    if (name === undefined) {
      const where = field.name === '' ? '' : ` in ${field.name}`;
      const problem = `unknown key "${quoteValue(child.name)}"${where}: allowed are ${names.join(', ')}`;
      throw new ConfigRefusal(`${child.place}: ${problem}`);
    }
    if (child.value !== undefined) found[name] = child;
  }
  return found;
}

/** The entries of a mapping whose keys an operator is free to choose. */
export function readEntries(field: Field): Field[] {
  if (field.value === undefined) return [];
  if (!isMap(field.value)) throw refuseField(field, 'has to be a mapping: lines of "key: value", further to the right');
  return field.value.items.map(({ key, value }) => {
    if (!isScalar(key)) throw refuseField(field, 'has a key that is no plain text');
    return field.below(key.source ?? String(key.value), key, value);
  });
}

export function readList(field: Field): Field[] {
  if (!isSeq(field.value)) throw refuseField(field, 'has to be a list');
  return field.value.items.map((item) => field.below(field.name, isNode(item) ? item : field.value!, item));
}

/** Any scalar as it is written: a password or a name may look like a number. */
export function readText(field: Field): string {
  if (!isScalar(field.value)) throw refuseField(field, 'has to be a text');
  return field.value.source ?? String(field.value.value);
}

export function readSwitch(field: Field): boolean {
  if (isScalar(field.value) && typeof field.value.value === 'boolean') return field.value.value;
  throw refuseField(field, 'has to be true or false');
}

export function readWholeNumber(field: Field, least: number): number {
  const value = isScalar(field.value) ? field.value.value : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw refuseField(field, `has to be a whole number, at least ${least}`);
}

/** One of the names of a table; not for secrets, because the refusal repeats what was given. */
export function readChoice<Value>(field: Field, choices: Readonly<Record<string, Value>>): Value {
  const text = readText(field);
  if (Object.hasOwn(choices, text)) return choices[text] as Value;
  throw refuseField(field, `cannot be "${quoteValue(text)}": allowed are ${Object.keys(choices).join(', ')}`);
}

function givenValue(document: Document, value: unknown): Node | undefined {
  const node = isAlias(value) ? value.resolve(document) : value;
  return !isNode(node) || (isScalar(node) && node.value === null) ? undefined : node;
}
