import { createHmac, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';
import { createOneAtATime } from '../sharing/one-at-a-time.ts';

/** `busy`: too many passwords are waiting. */
export type Verdict = 'right' | 'wrong' | 'busy';

export type BasicAuth = (
  users: ReadonlyMap<string, string>,
  authorization: string | undefined,
  /** The client, for taking turns. */
  client?: string,
) => Promise<Verdict>;

/** Results remembered, of each kind: a flood of wrong passwords does not displace the right ones. */
const REMEMBERED = 100;

/** Comparisons that may wait. Each one takes a time that grows with bcrypt's cost, on the main thread. */
const MOST_WAITING = 20;

/** A higher cost takes longer than a request may wait for its turn: 12 takes about 0.3 s, 15 eight times that. */
export const MOST_STAND_IN_COST = 12;

const SALT_AND_HASH_LENGTH = 53;

/**
 * Compares the password of an Authorization header with the bcrypt hashes of the users, one at a time, and remembers
 * results under a keyed hash. An unknown name costs a comparison too, so that its answer comes no sooner, but at a
 * bounded cost: an expensive hash in the file must not let strangers delay everybody.
 */
export function createBasicAuth(
  compareHash: (password: string, hash: string) => Promise<boolean> = compare,
): BasicAuth {
  const secret = randomBytes(32);
  const verdicts = { right: new Set<string>(), wrong: new Set<string>() };
  const oneAtATime = createOneAtATime(MOST_WAITING);

  return async (users, authorization, client = '') => {
    const credentials = parseBasic(authorization);
    if (credentials === undefined) return 'wrong';
    const { name, password } = credentials;
    const known = users.get(name);
    const hash = known ?? standIn(users);
    const key = createHmac('sha256', secret)
      .update(JSON.stringify([name, password, known ?? '', hash]))
      .digest('base64');
    const remembered = recall(key);
    if (remembered !== undefined) return remembered;
    const compareNow = async () =>
      recall(key) ?? remember(key, (await compareHash(password, hash)) && known !== undefined);
    return (await oneAtATime(client, compareNow)) ?? 'busy';
  };

  function recall(key: string): Verdict | undefined {
    for (const verdict of ['right', 'wrong'] as const) {
      // Removed and added again, so that the first entry is always the one unused for longest.
      if (verdicts[verdict].delete(key)) {
        verdicts[verdict].add(key);
        return verdict;
      }
    }
    return undefined;
  }

  function remember(key: string, isRight: boolean): Verdict {
    const verdict = isRight ? 'right' : 'wrong';
    const keys = verdicts[verdict];
    keys.add(key);
    if (keys.size > REMEMBERED) keys.delete(keys.values().next().value!);
    return verdict;
  }
}

/** RFC 7617: `Basic` and the base64 of `name:password`, in UTF-8. */
function parseBasic(authorization: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A hash that no password matches, as costly to compare as the cheapest hash in the file. */
function standIn(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map(bcryptCost);
  const cost = Math.min(MOST_STAND_IN_COST, ...costs);
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(SALT_AND_HASH_LENGTH)}`;
}

/** bcrypt's cost: each step doubles the time. */
export function bcryptCost(hash: string): number {
  return Number(hash.slice(4, 6));
}
