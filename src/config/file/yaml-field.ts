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
import { ConfigRefusal, quoteValue } from '../refusal.ts';

/** A value in a YAML file, and its place. Messages repeat only what is known not to be a secret. */
export interface Field {
  /** The key of the value; empty for the whole file. */
  readonly name: string;
  /** undefined = an empty value, or an empty file. */
  readonly value: Node | undefined;
  /** `file:line:column` of the key. */
  readonly place: string;
  /** The place of a value below this one, given by its key. */
  below(name: string, key: Node, value: unknown): Field;
}

/** A web configuration has four levels. */
const DEEPEST = 64;

/** The text of a file → its value. YAML 1.1, as the Go exporters read it: `yes` and `on` are true. */
export function parseYaml(text: string, file: string): Field {
  const lines = new LineCounter();
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const tooDeep = findTooDeep(text, lines);
  if (tooDeep !== undefined) throw new ConfigRefusal(`${placeAt(tooDeep)}: nested more than ${DEEPEST} levels deep`);
  // Pretty errors would print the lines around the mistake, which may contain a key.
  // Comparing each key with each other takes a second for ten thousand: readEntries() compares their names.
  const document = parseDocument(text, { version: '1.1', prettyErrors: false, uniqueKeys: false });
  const [error] = document.errors;
  if (error?.code === 'MULTIPLE_DOCS')
    throw new ConfigRefusal(
      `${placeAt(error.pos[0])}: a second document begins here (---), which nobody would read: put everything into one`,
    );
  if (error !== undefined) throw new ConfigRefusal(`${placeAt(error.pos[0])}: ${quoteValue(error.message)}`);
  const makeField = (name: string, offset: number, value: unknown): Field => {
    const place = placeAt(offset);
    // read as empty, it would switch off the protection it configures: `basic_auth_users: *users`
    if (isAlias(value) && value.resolve(document) === undefined)
      throw new ConfigRefusal(`${place}: the alias has no anchor before it (a text that begins with * needs quotes)`); // a password may start with * too
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
 * Where a text nests deeper than any configuration does; undefined = nowhere. The library recurses into values and has
 * ended the whole process that way: "- " 4000 times left V8 no stack to compile a regular expression.
 */
function findTooDeep(text: string, lines: LineCounter): number | undefined {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // skip finished values: only open ones nest
    if (parser.stack.length > DEEPEST) return parser.offset;
  }
  return undefined;
}

/** The error for a field: one line that says where it is. */
export function refuseField({ name, place }: Field, reason: string): ConfigRefusal {
  return new ConfigRefusal(`${place}: ${name === '' ? '' : `${quoteValue(name)} `}${reason}`);
}

/** The keys of a mapping, all of which must be among the names. Keys without a value are left out. */
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

/** The entries of a mapping whose keys the operator may choose freely. */
export function readEntries(field: Field): Field[] {
  if (field.value === undefined) return [];
  if (!isMap(field.value)) throw refuseField(field, 'has to be a mapping: lines of "key: value", further to the right');
  const names = new Set<string>();
  return field.value.items.map(({ key, value }) => {
    if (!isScalar(key)) throw refuseField(field, 'has a key that is no plain text');
    const entry = field.below(key.source ?? String(key.value), key, value);
    if (names.has(entry.name)) throw refuseField(entry, 'is there twice: leave one of them out');
    names.add(entry.name);
    return entry;
  });
}

export function readList(field: Field): Field[] {
  if (!isSeq(field.value)) throw refuseField(field, 'has to be a list');
  return field.value.items.map((item) => field.below(field.name, isNode(item) ? item : field.value!, item));
}

/** Any scalar as written: a password or a name may look like a number. */
export function readText(field: Field): string {
  if (isMap(field.value)) throw refuseField(field, 'has to be a text: one that begins with { needs quotes');
  if (!isScalar(field.value)) throw refuseField(field, 'has to be a text');
  return field.value.source ?? String(field.value.value);
}

export function readSwitch(field: Field): boolean {
  if (isScalar(field.value) && typeof field.value.value === 'boolean') return field.value.value;
  throw refuseField(field, 'has to be true or false');
}

export function readNumber(field: Field): number {
  const value = isScalar(field.value) ? field.value.value : undefined;
  if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw refuseField(field, 'has to be a number');
}

/** One of the names of a table. Not for secrets: the refusal repeats the value. */
export function readChoice<Value>(field: Field, choices: Readonly<Record<string, Value>>): Value {
  const text = readText(field);
  if (Object.hasOwn(choices, text)) return choices[text] as Value;
  throw refuseField(field, `cannot be "${quoteValue(text)}": allowed are ${Object.keys(choices).join(', ')}`);
}

function givenValue(document: Document, value: unknown): Node | undefined {
  const node = isAlias(value) ? value.resolve(document) : value;
  return !isNode(node) || (isScalar(node) && node.value === null) ? undefined : node;
}
