import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Reason } from '../../src/table/socket-row.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { countNames, createOwnerScrapes, type OwnedSocket } from '../support/sockets/owner-scrapes.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

const PUPPETS = 4;
const SOCKETS_EACH = 4000;
const SCRAPES = 6;
/** Every 20th socket is replaced between two scrapes: 5 %. */
const STEP = 20;
/** Links that a scrape reads again to see whether they are still so, however many sockets are new; see owners.ts. */
const MOST_CHECKED = 2000;
/** Not enough to find the owners of all. */
const SHORT_MS = 15;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;
const scrapes = skip === false ? [createOwnerScrapes(), createOwnerScrapes(SHORT_MS)] : [];
after(() => {
  for (const { close } of scrapes) close();
});

test('new sockets are found without a look at the others', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const { scrape, linksRead } = scrapes[0]!;
  const puppets = await startCrowd(start, 'churn', 1);
  assert.deepEqual(countNames(crowdOf(scrape())), expectedNames('churn'));
  assert.ok(linksRead(puppets) >= PUPPETS * SOCKETS_EACH, 'at first all are looked at');
  for (let round = 0; round < SCRAPES; round++) {
    let renewed = 0;
    for (const [index, puppet] of puppets.entries()) renewed += await puppet.tell(`renew 10.1.${index}.1 ${STEP}`);
    assert.equal(renewed, (PUPPETS * SOCKETS_EACH) / STEP);
    const sockets = crowdOf(scrape());
    assert.deepEqual(countNames(sockets), expectedNames('churn'), `scrape ${round}`);
    assert.deepEqual(misnamed(sockets, 'churn'), []);
    assert.ok(linksRead(puppets) >= renewed, `${linksRead(puppets)} links read for ${renewed} new sockets`);
    assert.ok(
      linksRead(puppets) < renewed * 1.5 + MOST_CHECKED,
      `${linksRead(puppets)} links read for ${renewed} new sockets`,
    );
  }
  assert.ok(
    scrape().length > 0 && linksRead(puppets) < MOST_CHECKED,
    `${linksRead(puppets)} links read for no new socket`,
  );
});

test('a descriptor passed on by a process that has thousands is the receiver’s three scrapes later at most', {
  skip,
}, async (t) => {
  const { start } = createSocketPuppets(t);
  const { namesAt, linksRead } = scrapes[0]!;
  const puppets = [await start('big-hub'), await start('big-giver'), await start('big-taker')] as const;
  const [hub, giver, taker] = puppets;
  await hub.tell('listen 10.2.3.4 80');
  await giver.tell(`crowd 10.1.0.9 ${SOCKETS_EACH}`);
  const fd = await giver.tell('connect 10.2.3.4 80');
  assert.deepEqual(namesAt('10.2.3.4'), { 'big-hub': 1, 'big-giver': 1 });
  const mailbox = await taker.tell('mailbox tcpstate-big-taker');
  await giver.tell(`pass ${fd} tcpstate-big-taker`);
  await taker.tell(`take ${mailbox}`);
  await giver.tell(`close ${fd}`);
  let names = namesAt('10.2.3.4');
  for (let scrape = 1; scrape < 3 && names['big-taker'] === undefined; scrape++) names = namesAt('10.2.3.4');
  assert.deepEqual(names, { 'big-hub': 1, 'big-taker': 1 });
  assert.ok(linksRead(puppets) < MOST_CHECKED, `${linksRead(puppets)} links read`);
});

test('without the time for all, a scrape names some and the following ones the rest', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const { scrape } = scrapes[1]!;
  await startCrowd(start, 'slow', 1);
  let found = 0;
  for (let round = 0; found < PUPPETS * SOCKETS_EACH; round++) {
    assert.ok(round < 500, `after ${round} scrapes ${found} are found`);
    const sockets = crowdOf(scrape());
    assert.equal(sockets.length, PUPPETS * SOCKETS_EACH);
    const named = sockets.filter(({ process }) => process !== undefined);
    if (round === 0) assert.ok(named.length < sockets.length, 'all at once: this test shows nothing');
    assert.ok(named.length >= found, 'what was found stays');
    assert.deepEqual(misnamed(named, 'slow'), []);
    for (const { process, reason } of sockets)
      assert.equal(reason, process === undefined ? Reason.unresolved : Reason.none);
    found = named.length;
  }
});

async function startCrowd(start: (name: string) => Promise<SocketPuppet>, name: string, host: number) {
  const puppets = await Promise.all(Array.from({ length: PUPPETS }, (_, index) => start(`${name}-${index}`)));
  for (const [index, puppet] of puppets.entries())
    assert.equal(await puppet.tell(`crowd 10.1.${index}.${host} ${SOCKETS_EACH}`), SOCKETS_EACH);
  return puppets;
}

function crowdOf(sockets: readonly OwnedSocket[]): OwnedSocket[] {
  return sockets.filter(({ localIp }) => localIp.startsWith('10.1.'));
}

function expectedNames(name: string): Record<string, number> {
  return Object.fromEntries(Array.from({ length: PUPPETS }, (_, index) => [`${name}-${index}`, SOCKETS_EACH]));
}

/** A socket's third number is that of its process. */
function misnamed(sockets: readonly OwnedSocket[], name: string): OwnedSocket[] {
  return sockets.filter(({ localIp, process }) => process !== `${name}-${localIp.split('.')[2]}`);
}
