import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Reason } from '../../src/table/socket-row.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createOwnerScrapes } from '../support/sockets/owner-scrapes.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

/** Start times of processes are kept in these. */
const CLOCK_TICK_MS = 10;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;
const scrapes = skip === false ? createOwnerScrapes() : undefined;
const namesAt = (ip: string) => scrapes!.namesAt(ip);
after(() => scrapes?.close());

test('every process of several is named for its own sockets', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('several-server');
  const clients = [await start('several-one'), await start('several-two')];
  const listener = await server.tell('listen 10.0.1.1 80');
  assert.deepEqual(namesAt('10.0.1.1'), { 'several-server': 1 });
  for (const client of clients) {
    await client.tell('connect 10.0.1.1 80');
    await server.tell(`accept ${listener}`);
  }
  assert.deepEqual(namesAt('10.0.1.1'), { 'several-server': 3, 'several-one': 1, 'several-two': 1 });
});

test('a socket that a thread with a name of its own has opened is its process’s', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('thread-server');
  const threaded = await start('threaded');
  await server.tell('listen 10.0.2.1 80');
  await threaded.tell('thread renamed-worker 10.0.2.1 80');
  assert.deepEqual(namesAt('10.0.2.1'), { 'thread-server': 1, threaded: 1 });
});

test('a process whose first thread has ended keeps its sockets', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('leader-server');
  const leaderless = await start('leaderless');
  await server.tell('listen 10.0.3.1 80');
  await leaderless.tell('thread goes-on 10.0.3.1 80');
  assert.deepEqual(namesAt('10.0.3.1'), { 'leader-server': 1, leaderless: 1 });
  await leaderless.tell('retire');
  if (!(await untilEmpty(`/proc/${leaderless.pid}/fd`))) {
    // the kernel gives what is left of the first thread to root: without it nobody can see the descriptors, ss neither
    return t.skip('skipped: needs root to read the descriptors of a process whose first thread has ended');
  }
  assert.deepEqual(namesAt('10.0.3.1'), { 'leader-server': 1, leaderless: 1 });
  const another = createOwnerScrapes();
  t.after(another.close);
  assert.deepEqual(another.namesAt('10.0.3.1'), { 'leader-server': 1, leaderless: 1 }, 'also when it is seen first so');
});

test('a listener that prefork workers share counts once, under their name', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const master = await start('prefork');
  await master.tell('listen 10.0.4.1 80');
  for (let worker = 0; worker < 3; worker++) await master.tell('split prefork');
  assert.deepEqual(namesAt('10.0.4.1'), { prefork: 1 });
  await master.end();
  assert.deepEqual(namesAt('10.0.4.1'), { prefork: 1 });
});

test('a listener of a master and workers with another name is the master’s, what they accept is theirs', {
  skip,
}, async (t) => {
  const { start } = createSocketPuppets(t);
  const master = await start('fork-master');
  const worker = await start('fork-worker');
  const client = await start('fork-client');
  const listener = await handOver(master, worker, await master.tell('listen 10.0.5.1 80'));
  assert.deepEqual(namesAt('10.0.5.1'), { 'fork-master': 1 });
  await client.tell('connect 10.0.5.1 80');
  await worker.tell(`accept ${listener}`);
  assert.deepEqual(namesAt('10.0.5.1'), { 'fork-master': 1, 'fork-worker': 1, 'fork-client': 1 });
  await master.end();
  assert.deepEqual(namesAt('10.0.5.1'), { 'fork-worker': 2, 'fork-client': 1 });
});

test('a socket inherited by a program goes to it when its parent ends', { skip }, async (t) => {
  const { start, programNamed } = createSocketPuppets(t);
  const parent = await start('parent');
  await parent.tell('listen 10.0.6.1 80');
  await parent.tell(`start ${programNamed('heir')}`);
  assert.deepEqual(namesAt('10.0.6.1'), { parent: 1 });
  await parent.end();
  assert.deepEqual(namesAt('10.0.6.1'), { heir: 1 });
});

test('a descriptor that was passed on is the receiver’s from the next scrape on', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const hub = await start('hub');
  const giver = await start('giver');
  const taker = await start('taker');
  await hub.tell('listen 10.0.7.1 80');
  const fd = await giver.tell('connect 10.0.7.1 80');
  assert.deepEqual(namesAt('10.0.7.1'), { hub: 1, giver: 1 });
  const taken = await handOver(giver, taker, fd);
  await giver.tell(`close ${fd}`);
  assert.deepEqual(namesAt('10.0.7.1'), { hub: 1, taker: 1 });
  await handOver(taker, giver, taken);
  await taker.tell(`close ${taken}`);
  assert.deepEqual(namesAt('10.0.7.1'), { hub: 1, giver: 1 }, 'and back');
});

test('a descriptor that was passed on while its number is used again becomes the receiver’s', {
  skip,
}, async (t) => {
  const { start } = createSocketPuppets(t);
  const hub = await start('hub');
  const giver = await start('giver');
  const taker = await start('taker');
  await hub.tell('listen 10.0.8.1 80');
  const fd = await giver.tell('connect 10.0.8.1 80');
  assert.deepEqual(namesAt('10.0.8.1'), { hub: 1, giver: 1 });
  await handOver(giver, taker, fd);
  await giver.tell(`close ${fd}`);
  assert.equal(await giver.tell('connect 10.0.8.1 80'), fd);
  // nothing tells that the giver has another socket now: it is looked at again when the new one is not found elsewhere
  let names = scrapes!.namesBy('10.0.8.1');
  for (let scrape = 1; scrape < 4 && !names.every(({ taker }) => taker === 1); scrape++)
    names = scrapes!.namesBy('10.0.8.1');
  for (const each of names) assert.deepEqual(each, { hub: 1, giver: 1, taker: 1 });
});

test('a process that took the pid of another is not taken for it', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const first = await start('first');
  const second = await start('second');
  const pid = freePid();
  const kept = await first.tell('listen 10.0.9.1 80');
  if (!(await canChoosePid(t, first, `split old ${pid}`))) return;
  await delay(5 * CLOCK_TICK_MS); // so that the next one is younger, and not the one of several that counts
  const keeper = await start('keeper');
  await handOver(first, keeper, kept);
  await first.tell(`close ${kept}`);
  assert.deepEqual(namesAt('10.0.9.1'), { old: 1 });

  await first.tell(`kill ${pid}`);
  const other = await second.tell('listen 10.0.9.2 80');
  assert.equal(other, kept, 'the same descriptor, so that only the process tells them apart');
  await second.tell(`split new ${pid}`);
  await second.tell(`close ${other}`);
  assert.deepEqual(namesAt('10.0.9.1'), { keeper: 1 });
  assert.deepEqual(namesAt('10.0.9.2'), { new: 1 });

  await second.tell(`kill ${pid}`);
  await keeper.end();
  assert.deepEqual(namesAt('10.0.9.1'), {});
});

test('a process has its new name after exec, and after it renamed itself', { skip }, async (t) => {
  const { start, programNamed } = createSocketPuppets(t);
  const puppet = await start('before');
  await puppet.tell('listen 10.0.10.1 80');
  assert.deepEqual(namesAt('10.0.10.1'), { before: 1 });
  await puppet.tell('name between');
  assert.deepEqual(namesAt('10.0.10.1'), { between: 1 });
  const path = programNamed('afterwards');
  await puppet.tell(`become ${path}`);
  await untilName(puppet.pid, 'afterwards');
  assert.deepEqual(namesAt('10.0.10.1'), { afterwards: 1 });
});

test('names are shown as they are, whatever is in them', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  for (const [index, name] of ['a)_R_(b', '((', '))', '1_(x)_S_1_1', 'fünfzehn_byte'].entries()) {
    const puppet = await start(name);
    await puppet.tell(`listen 10.0.11.${index + 1} 80`);
    assert.deepEqual(namesAt(`10.0.11.${index + 1}`), { [name]: 1 });
  }
});

test('a socket is followed to another descriptor, however high', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const puppet = await start('mover');
  const low = await puppet.tell('listen 10.0.12.1 80');
  assert.deepEqual(namesAt('10.0.12.1'), { mover: 1 });
  const high = await puppet.tell(`move ${low} 900`);
  assert.deepEqual(namesAt('10.0.12.1'), { mover: 1 });
  await puppet.tell(`move ${high} ${low}`);
  assert.deepEqual(namesAt('10.0.12.1'), { mover: 1 });
});

test('open descriptors are those of the process nearest to its limit among those of a name', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const [more, fewer] = [await start('fds'), await start('fds')];
  await more.tell('crowd 10.0.13.1 50');
  await fewer.tell('crowd 10.0.13.2 10');
  const readFds = () => {
    namesAt('10.0.13.1');
    return scrapes!.readFds().find(({ process }) => process === 'fds');
  };
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${more.pid}/limits`, 'utf8'))?.[1]);
  assert.deepEqual(readFds(), { process: 'fds', open: readdirSync(`/proc/${more.pid}/fd`).length, limit });

  // the limit of a known process is read again only now and then: a resolver that comes later sees it at once
  execFileSync('prlimit', ['--pid', String(fewer.pid), '--nofile=64:']);
  const later = createOwnerScrapes();
  t.after(later.close);
  later.scrape();
  assert.deepEqual(
    later.readFds().find(({ process }) => process === 'fds'),
    { process: 'fds', open: readdirSync(`/proc/${fewer.pid}/fd`).length, limit: 64 },
  );
});

test('a socket that ends between dump and search is the kernel’s, and is not searched for', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('stays');
  const client = await start('leaves');
  const bystander = await start('bystander');
  await bystander.tell('crowd 10.0.15.2 2000');
  const listener = await server.tell('listen 10.0.15.1 80');
  scrapes!.scrape();
  const fds = [await client.tell('connect 10.0.15.1 80'), await client.tell('connect 10.0.15.1 80')];
  for (const _ of fds) await server.tell(`accept ${listener}`);
  scrapes!.dump();
  await client.tell(`close ${fds[0]}`);
  const sockets = scrapes!.findOwners();
  const clients = sockets.filter(({ localIp, local }) => localIp === '10.0.15.1' && local !== '10.0.15.1:80');
  assert.deepEqual(
    new Map(clients.map(({ process, reason }) => [process, reason])),
    new Map([
      ['leaves', Reason.none],
      [undefined, Reason.kernel],
    ]),
  );
  assert.equal(sockets.filter(({ process, local }) => process === 'stays' && local === '10.0.15.1:80').length, 3);
  assert.ok(scrapes!.linksRead([bystander]) < 500, `${scrapes!.linksRead([bystander])} links read`);
  assert.deepEqual(namesAt('10.0.15.1'), { stays: 3, leaves: 1 });
});

/** Passes a descriptor over a Unix socket. Both have it then; returns the receiver's number. */
async function handOver(giver: SocketPuppet, taker: SocketPuppet, fd: number): Promise<number> {
  const name = `mailbox-${giver.pid}-${taker.pid}-${fd}`;
  const mailbox = await taker.tell(`mailbox ${name}`);
  await giver.tell(`pass ${fd} ${name}`);
  const taken = await taker.tell(`take ${mailbox}`);
  await taker.tell(`close ${mailbox}`);
  return taken;
}

/** A pid that nobody has, far from those given out next, and low: found before those that hold the same socket. */
function freePid(): number {
  for (let pid = 301; ; pid++) {
    if (!existsSync(`/proc/${pid}`)) return pid;
  }
}

/** Choosing the pid of a new process takes a capability over the machine's pids. Skips the rest of the test without it. */
async function canChoosePid(t: TestContext, puppet: SocketPuppet, command: string): Promise<boolean> {
  try {
    await puppet.tell(command);
    return true;
  } catch (error) {
    if (!String(error).includes('Operation not permitted') || process.env.CI === 'true') throw error;
    t.skip('skipped: needs CAP_CHECKPOINT_RESTORE to choose the pid of a process');
    return false;
  }
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

async function untilName(pid: number, name: string): Promise<void> {
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name, `${pid} is not ${name}`);
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  for (let waits = 0; !isSo(); waits++) {
    if (waits === 500) throw new Error(otherwise);
    await delay(10);
  }
}
