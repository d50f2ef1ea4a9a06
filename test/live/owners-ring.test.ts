import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createOwnerScrapes } from '../support/sockets/owner-scrapes.ts';
import { createSocketPuppets, type SocketPuppet } from '../support/sockets/socket-puppets.ts';

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;
const scrapes = skip === false ? createOwnerScrapes() : undefined;
const namesAt = (ip: string) => scrapes!.namesAt(ip);
after(() => scrapes?.close());

test('connections that are direct descriptors of io_uring only are their process’s', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const server = await start('ring-server');
  const client = await start('ring-client');
  const listener = await server.tell('listen 10.0.20.1 80');
  if (!(await canEnclose(server, listener))) return t.skip('skipped: io_uring is switched off here');
  assert.deepEqual(namesAt('10.0.20.1'), { 'ring-server': 1 }, 'the listener itself is in the ring');
  const shown = readdirSync(`/proc/${server.pid}/fd`).length;
  assert.deepEqual(
    scrapes!.readFds().flatMap(({ process, open }) => (process === 'ring-server' ? [open] : [])),
    [shown],
  );
  for (let count = 1; count <= 5; count++) {
    const fd = await client.tell('connect 10.0.20.1 80');
    if (count % 2 === 1) await client.tell(`enclose ${fd}`);
    assert.deepEqual(namesAt('10.0.20.1'), { 'ring-server': 1, 'ring-client': count });
  }
  assert.equal(readdirSync(`/proc/${server.pid}/fd`).length, shown);

  await client.tell('name renamed');
  assert.deepEqual(namesAt('10.0.20.1'), { 'ring-server': 1, renamed: 5 });
});

test('a ring that a child process shares is the child’s when its parent has ended', { skip }, async (t) => {
  const { start } = createSocketPuppets(t);
  const hub = await start('ring-hub');
  const parent = await start('ring-parent');
  const listener = await hub.tell('listen 10.0.21.1 80');
  if (!(await canEnclose(hub, listener))) return t.skip('skipped: io_uring is switched off here');
  await parent.tell(`enclose ${await parent.tell('connect 10.0.21.1 80')}`);
  await parent.tell('split ring-child');
  assert.deepEqual(namesAt('10.0.21.1'), { 'ring-hub': 1, 'ring-parent': 1 });
  await parent.end();
  assert.deepEqual(namesAt('10.0.21.1'), { 'ring-hub': 1, 'ring-child': 1 });
});

async function canEnclose(puppet: SocketPuppet, fd: number): Promise<boolean> {
  try {
    await puppet.tell(`enclose ${fd}`);
    return true;
  } catch (error) {
    if (!/Operation not permitted|Function not implemented/.test(String(error)) || process.env.CI === 'true')
      throw error;
    return false;
  }
}
