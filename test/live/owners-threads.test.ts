import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadLibc } from '../../src/platform/linux/libc/libc.ts';
import { openThreadTables } from '../../src/platform/linux/owners/thread-tables.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createOwnerScrapes } from '../support/sockets/owner-scrapes.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

const skip = missingCompiler() ?? missingComparison() ?? enterNetworkNamespace() ?? false;
const scrapes = skip === false ? createOwnerScrapes() : undefined;
const namesAt = (ip: string) => scrapes!.namesAt(ip);
after(() => scrapes?.close());

test('connections of a thread with a table of descriptors of its own are its process’s', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('own-server');
  const client = await start('own-client');
  await server.tell('listen 10.0.40.1 80');
  await client.tell('connect 10.0.40.1 80');
  const thread = await client.tell('worker own');
  const shown = readdirSync(`/proc/${client.pid}/fd`).length;
  for (let count = 1; count <= 5; count++) {
    await client.tell(`in ${thread} connect 10.0.40.1 80`);
    assert.deepEqual(namesAt('10.0.40.1'), { 'own-server': 1, 'own-client': 1 + count });
  }
  assert.equal(readdirSync(`/proc/${client.pid}/fd`).length, shown);
  assert.deepEqual(
    scrapes!.readFds().flatMap(({ process, open }) => (process === 'own-client' ? [open] : [])),
    [shown],
  );
  await client.tell('name renamed');
  assert.deepEqual(namesAt('10.0.40.1'), { 'own-server': 1, renamed: 6 });
  await client.tell(`in ${thread} retire`);
  await untilGone(client, thread);
  assert.deepEqual(namesAt('10.0.40.1'), { 'own-server': 1, renamed: 1 });
});

test('a socket that was there when a thread got its own table is its process’s as long as one of both has it', {
  skip,
}, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('copy-server');
  const client = await start('copy-client');
  await server.tell('listen 10.0.41.1 80');
  const [kept, closed] = [await client.tell('connect 10.0.41.1 80'), await client.tell('connect 10.0.41.1 80')];
  assert.deepEqual(namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 2 });
  const thread = await client.tell('worker own');
  assert.deepEqual(namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 2 });
  await client.tell(`close ${closed}`);
  assert.deepEqual(namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 2 }, 'the thread has it');
  await client.tell(`in ${thread} close ${kept}`);
  assert.deepEqual(namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 2 }, 'each has one');
  const another = createOwnerScrapes();
  t.after(another.close);
  assert.deepEqual(another.namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 2 }, 'also when seen first so');
  await client.tell(`in ${thread} retire`);
  await untilGone(client, thread);
  assert.deepEqual(namesAt('10.0.41.1'), { 'copy-server': 1, 'copy-client': 1 });
});

test('several threads, some of which share a table that is not the first one’s', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('many-server');
  const client = await start('many-client');
  await server.tell('listen 10.0.42.1 80');
  const [one, two] = [await client.tell('worker own'), await client.tell('worker own')];
  const shared = await client.tell('worker shared');
  const below = await client.tell(`in ${one} worker shared`);
  for (const teller of [`in ${one}`, `in ${two}`, `in ${shared}`, `in ${one} in ${below}`])
    await client.tell(`${teller} connect 10.0.42.1 80`);
  assert.deepEqual(namesAt('10.0.42.1'), { 'many-server': 1, 'many-client': 4 });
  await client.tell(`in ${one} retire`);
  await untilGone(client, one);
  assert.deepEqual(namesAt('10.0.42.1'), { 'many-server': 1, 'many-client': 4 }, 'another thread has the table');
  const another = createOwnerScrapes();
  t.after(another.close);
  assert.deepEqual(another.namesAt('10.0.42.1'), { 'many-server': 1, 'many-client': 4 });
  await client.tell(`in ${two} retire`);
  await untilGone(client, two);
  assert.deepEqual(namesAt('10.0.42.1'), { 'many-server': 1, 'many-client': 3 });
  await client.end();
  assert.deepEqual(namesAt('10.0.42.1'), { 'many-server': 1 });
});

test('a thread with its own table and one without, of a process whose first thread has ended', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('left-server');
  const client = await start('left-client');
  await server.tell('listen 10.0.43.1 80');
  const own = await client.tell('worker own');
  await client.tell(`in ${own} connect 10.0.43.1 80`);
  await client.tell('thread goes-on 10.0.43.1 80');
  assert.deepEqual(namesAt('10.0.43.1'), { 'left-server': 1, 'left-client': 2 });
  await client.tell('retire');
  if (!(await untilEmpty(`/proc/${client.pid}/fd`)))
    return t.skip('skipped: needs root to read the descriptors of a process whose first thread has ended');
  assert.deepEqual(namesAt('10.0.43.1'), { 'left-server': 1, 'left-client': 2 });
  const another = createOwnerScrapes();
  t.after(another.close);
  assert.deepEqual(another.namesAt('10.0.43.1'), { 'left-server': 1, 'left-client': 2 }, 'also when seen first so');
});

test('the threads of this process share its table, and no other process does', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const other = await start('other');
  const { threadsOf, isSame } = openThreadTables(loadLibc(), '/proc')!;
  const tids = threadsOf(process.pid);
  assert.ok(tids.length > 1 && tids.includes(process.pid));
  for (const tid of tids) assert.equal(isSame(process.pid, tid), true);
  assert.equal(isSame(process.pid, other.pid), false);
  assert.equal(isSame(process.pid, 4_194_303), true, 'nobody has this number: it cannot be told');
  assert.deepEqual(threadsOf(4_194_303), []);
});

function missingComparison(): string | undefined {
  if (process.platform === 'linux' && openThreadTables(loadLibc(), '/proc') !== undefined) return undefined;
  if (process.env.CI === 'true') throw new Error('kcmp() fails here: CI must have a kernel with CONFIG_KCMP');
  return 'skipped: needs kcmp()';
}

async function untilGone({ pid }: SocketPuppet, tid: number): Promise<void> {
  await until(() => !existsSync(`/proc/${pid}/task/${tid}`), `thread ${tid} goes on`);
}

/** Returns false when the folder becomes unreadable instead, which in CI is an error. */
async function untilEmpty(folder: string): Promise<boolean> {
  try {
    await until(() => readdirSync(folder).length === 0, `${folder} is not empty`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || process.env.CI === 'true') throw error;
    return false;
  }
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  for (let waits = 0; !isSo(); waits++) {
    if (waits === 500) throw new Error(otherwise);
    await delay(10);
  }
}
