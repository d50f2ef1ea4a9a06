import { createHmac, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';
import { createTurns } from '../sharing/one-at-a-time.ts';

/** `busy`: too many passwords wait to be compared. */
export type Verdict = 'right' | 'wrong' | 'busy';

export type BasicAuth = (
  users: ReadonlyMap<string, string>,
  authorization: string | undefined,
  /** Whose turn it is counts by client. */
  client?: string,
) => Promise<Verdict>;

/** Verdicts that are remembered, of each kind: a flood of wrong passwords does not drive the right ones out. */
const REMEMBERED = 100;

/** Comparisons that may wait: each one takes the main thread for about as long as bcrypt's cost says. */
const MOST_WAITING = 20;

/**
 * Compares the password of an Authorization header with the bcrypt hashes of the users, one at a time. What was compared
 * before is remembered under a keyed hash. An unknown name takes as long as a known one: its password is compared too.
 */
export function createBasicAuth(
  compareHash: (password: string, hash: string) => Promise<boolean> = compare,
): BasicAuth {
  const secret = randomBytes(32);
  const verdicts = { right: new Set<string>(), wrong: new Set<string>() };
  const inTurn = createTurns(MOST_WAITING);

  return async (users, authorization, client = '') => {
    const credentials = parseBasic(authorization);
    if (credentials === undefined) return 'wrong';
    const { name, password } = credentials;
    const known = users.get(name);
    const hash = known ?? costliest(users);
    const key = createHmac('sha256', secret)
      .update(JSON.stringify([name, password, known ?? '', hash]))
      .digest('base64');
    const remembered = recall(key);
    if (remembered !== undefined) return remembered;
    const compareNow = async () =>
      recall(key) ?? remember(key, (await compareHash(password, hash)) && known !== undefined);
    return (await inTurn(client, compareNow)) ?? 'busy';
  };

  function recall(key: string): Verdict | undefined {
    for (const verdict of ['right', 'wrong'] as const) {
      // Taken out and put in again, the oldest is always the one not asked for longest.
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

function costliest(users: ReadonlyMap<string, string>): string {
  const costOf = (hash: string) => Number(hash.slice(4, 6));
  return [...users.values()].reduce((most, hash) => (costOf(hash) > costOf(most) ? hash : most));
}
