import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { bcryptCost, createBasicAuth } from '../../../src/http/web-config/basic-auth.ts';
import { defer } from '../../support/fakes/deferred.ts';

const USERS = new Map([
  ['alice', hashSync('wonder:land', 4)],
  ['bob', hashSync('bücher', 5)],
]);

describe('createBasicAuth', () => {
  it('knows right passwords from wrong ones, colons and letters beyond ASCII included', async () => {
    const check = createBasicAuth();
    assert.equal(await check(USERS, basic('alice', 'wonder:land')), 'right');
    assert.equal(await check(USERS, basic('bob', 'bücher')), 'right');
    assert.equal(await check(USERS, basic('alice', 'bücher')), 'wrong');
    assert.equal(await check(USERS, basic('alice', '')), 'wrong');
    assert.equal(await check(USERS, basic('Alice', 'wonder:land')), 'wrong');
    assert.equal(await check(USERS, basic('alice', 'wonder:land').replace('Basic', 'BASIC')), 'right');
  });

  it('takes no other header', async () => {
    const { check, compared } = withSpy();
    const encoded = Buffer.from('alice:wonder:land').toString('base64');
    const noColon = `Basic ${Buffer.from('alice').toString('base64')}`;
    for (const header of [
      undefined,
      '',
      'Basic',
      'Basic ',
      encoded,
      `Bearer ${encoded}`,
      noColon,
      'Basic ???',
      `Basic ${encoded} x`,
    ])
      assert.equal(await check(USERS, header), 'wrong', header);
    assert.equal(compared.length, 0);
  });

  for (const [costs, expected] of [
    [[4], 4],
    [[5, 4], 4],
    [[10, 10], 10],
    [[12], 12],
    [[15], 12],
    [[31, 14], 12],
    [[31, 8], 8],
  ] as const) {
    it(`compares for an unknown name at cost ${expected} where users have ${costs.join(' and ')}`, async () => {
      const users = new Map(costs.map((cost, index) => [`user${index}`, hashOf(cost)]));
      const compared: string[] = [];
      const check = createBasicAuth(async (_password, hash) => {
        compared.push(hash);
        return true; // would let in whoever asks for the password only
      });
      assert.equal(await check(users, basic('mallory', 'no')), 'wrong');
      assert.equal(await check(users, basic('user0', 'yes')), 'right');
      assert.deepEqual(compared.map(bcryptCost), [expected, costs[0]]);
      assert.equal([...users.values()].includes(compared[0]!), false);
    });
  }

  it('compares with a stand-in as with any hash, in about the same time', async () => {
    const users = new Map([['bob', hashSync('x', 8)]]);
    const check = createBasicAuth();
    const timeOf = async (name: string, password: string) => {
      const startMs = performance.now();
      assert.equal(await check(users, basic(name, password)), 'wrong');
      return performance.now() - startMs;
    };
    const [known, unknown]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < 9; turn++) {
      known.push(await timeOf('bob', `no${turn}`));
      unknown.push(await timeOf('mallory', `no${turn}`));
    }
    const ratio = Math.min(...unknown) / Math.min(...known); // the best of each: the machine may be busy
    assert.ok(ratio > 0.4 && ratio < 2.5, `${ratio}`);
  });

  it('answers others soon while strangers guess, whatever a user costs', async () => {
    const users = new Map([
      ['bob', USERS.get('bob')!],
      ['slow', hashOf(20)],
    ]);
    const check = createBasicAuth();
    const startMs = performance.now();
    const strangers = Array.from({ length: 5 }, (_, index) =>
      check(users, basic(`stranger${index}`, 'x'), 'elsewhere'),
    );
    assert.equal(await check(users, basic('bob', 'bücher'), 'here'), 'right');
    assert.ok(performance.now() - startMs < 5000); // a comparison at cost 20 takes a minute
    assert.deepEqual(await Promise.all(strangers), Array(5).fill('wrong'));
  });

  it('does not let an unknown name in with the password of a known one', async () => {
    const check = createBasicAuth();
    assert.equal(await check(USERS, basic('mallory', 'bücher')), 'wrong');
    const grown = new Map([...USERS, ['mallory', USERS.get('bob')!]]);
    assert.equal(await check(grown, basic('mallory', 'bücher')), 'right');
    assert.equal(await check(USERS, basic('mallory', 'bücher')), 'wrong');
  });

  it('remembers verdicts of both kinds, and forgets them with the hash', async () => {
    const { check, compared } = withSpy();
    for (let turn = 0; turn < 3; turn++) {
      assert.equal(await check(USERS, basic('bob', 'bücher')), 'right');
      assert.equal(await check(USERS, basic('bob', 'no')), 'wrong');
    }
    assert.equal(compared.length, 2);
    const changed = new Map([['bob', hashSync('new', 4)]]);
    assert.equal(await check(changed, basic('bob', 'bücher')), 'wrong');
    assert.equal(await check(changed, basic('bob', 'new')), 'right');
    assert.equal(compared.length, 4);
  });

  it('compares once for requests that come together', async () => {
    const { check, compared } = withSpy();
    const verdicts = Array.from({ length: 10 }, () => check(USERS, basic('bob', 'bücher')));
    assert.deepEqual(await Promise.all(verdicts), Array(10).fill('right'));
    assert.equal(compared.length, 1);
  });

  it('keeps right verdicts whatever flood of wrong passwords comes, and a bounded number of wrong ones', async () => {
    let compared = 0;
    const check = createBasicAuth(async (password) => {
      compared++;
      return password === 'right';
    });
    assert.equal(await check(USERS, basic('bob', 'right')), 'right');
    for (let turn = 0; turn < 500; turn++) await check(USERS, basic('bob', `wrong${turn}`));
    assert.equal(compared, 501);
    await check(USERS, basic('bob', 'right'));
    await check(USERS, basic('bob', 'wrong499'));
    assert.equal(compared, 501);
    await check(USERS, basic('bob', 'wrong0'));
    assert.equal(compared, 502);
  });

  it('compares one at a time, lets some wait and turns the others away', async () => {
    const gate = defer<boolean>();
    let atOnce = 0;
    let most = 0;
    const check = createBasicAuth(async () => {
      most = Math.max(most, ++atOnce);
      await gate.promise;
      atOnce--;
      return false;
    });
    const verdicts = Array.from({ length: 30 }, (_, index) => check(USERS, basic('bob', String(index))));
    assert.equal(await verdicts[29], 'busy');
    gate.resolve(false);
    const answers = await Promise.all(verdicts);
    assert.deepEqual([answers.filter((each) => each === 'wrong').length, most], [20, 1]);
    assert.equal(await check(USERS, basic('bob', 'later')), 'wrong');
  });

  it('goes on after a comparison that fails', async () => {
    let isBroken = true;
    const check = createBasicAuth(async () => {
      if (isBroken) throw new Error('broken');
      return true;
    });
    await assert.rejects(check(USERS, basic('bob', 'x')), { message: 'broken' });
    isBroken = false;
    assert.equal(await check(USERS, basic('bob', 'x')), 'right');
  });
});

/** Of no password. */
function hashOf(cost: number): string {
  return `$2y$${String(cost).padStart(2, '0')}$${'A'.repeat(53)}`;
}

function withSpy() {
  const compared: string[] = [];
  const check = createBasicAuth(async (password, hash) => {
    compared.push(hash);
    return hash === USERS.get('bob') ? password === 'bücher' : password === 'new';
  });
  return { check, compared };
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
