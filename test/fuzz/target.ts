/** A file of test/fixtures. */
export type ReadFixture = (name: string) => Buffer;

/** One decoder or parser, or a few that work together, as fuzzing drives them. */
export interface FuzzTarget {
  /** What is driven: `platform/linux/netlink/inet-diag.ts#decodeDump`, below src/. A test proves that the seeds reach each of them. */
  readonly drives: readonly string[];
  /** What has to hold for any input, besides: nothing is thrown but the documented refusal, time and memory stay bounded. */
  readonly holds: string;
  /** Inputs to start from: recorded ones where there are any. */
  readonly seeds: (read: ReadFixture) => readonly (string | Uint8Array)[];
  /** Words of the format that stand in no text literal of the driven files. */
  readonly words?: readonly string[];
  /** Longest input; 64 KB unless said. */
  readonly longestInput?: number;
  /** Memory that one input may take beyond its own size; 32 MB unless said. */
  readonly mostBytes?: number;
  /** Throws when something does not hold. `folder` is empty at first, and nobody else's. */
  readonly run: (input: Buffer, folder: string) => void | Promise<void>;
}

/** Errors of JavaScript itself: whoever throws one did not mean to. */
const MISTAKES: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'URIError',
  'EvalError',
]);
const LONGEST_MESSAGE = 2000;

/** How a decoder says no. */
export interface Refusal {
  /** `name` of the error; `Error` unless said. */
  readonly name?: string;
  /** What its message says. */
  readonly says?: RegExp;
}

/** The answer of a decoder, undefined when it refuses as documented. Any other error goes on up. */
export function answerOf<Value>(decode: () => Value, refusal: Refusal = {}): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (isRefusal(error, refusal)) return undefined;
    throw error;
  }
}

export function isRefusal(error: unknown, { name = 'Error', says = /./ }: Refusal): boolean {
  if (!(error instanceof Error) || MISTAKES.has(error.name) || error.name === 'AssertionError') return false;
  return error.name === name && says.test(error.message) && error.message.length <= LONGEST_MESSAGE;
}
