import assert from 'node:assert/strict';
import { Agent, createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import type { ListenAddress } from '../../../src/config/listen-address.ts';
import { type Listening, listen } from '../../../src/http/connection/listen.ts';
import { serverOptions } from '../../../src/http/sharing/server-limits.ts';
import { defer } from '../../support/fakes/deferred.ts';
import { SERVER_LIMITS } from '../../support/http/http-settings.ts';

const ANYWHERE: ListenAddress = { host: undefined, port: 0 };
const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };

const opened: Listening[] = [];
after(() => Promise.all(opened.map((listening) => listening.close(0))));

describe('listen', () => {
  it('answers over IPv4 and IPv6 when no host is named', async () => {
    const { addresses } = await start([ANYWHERE], (_request, response) => response.end('here'));
    const port = portOf(addresses[0]);
    assert.equal(addresses[0], `[::]:${port}`);
    assert.equal(await fetch(`http://127.0.0.1:${port}/`).then((r) => r.text()), 'here');
    assert.equal(await fetch(`http://[::1]:${port}/`).then((r) => r.text()), 'here');
  });

  it('answers over IPv4 where the system has no IPv6', async () => {
    const { addresses } = await listenOn([ANYWHERE], () =>
      withoutIpv6(createServer(serverOptions(SERVER_LIMITS), answer)),
    );
    const port = portOf(addresses[0]);
    assert.equal(addresses[0], `0.0.0.0:${port}`);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  });

  it('answers on each of several addresses', async () => {
    const { addresses } = await start([LOOPBACK, { host: '::1', port: 0 }], answer);
    assert.equal(addresses.length, 2);
    assert.match(addresses[0] ?? '', /^127\.0\.0\.1:\d+$/);
    assert.match(addresses[1] ?? '', /^\[::1\]:\d+$/);
    for (const address of addresses) assert.equal((await fetch(`http://${address}/`)).status, 200);
  });

  it('takes the IPv4 address of a name that has both', async () => {
    const { addresses } = await start([{ host: 'localhost', port: 0 }], answer);
    assert.match(addresses[0] ?? '', /^127\.0\.0\.1:\d+$/);
  });

  it('says so when it has the port itself', async () => {
    const finder = await start([LOOPBACK], answer); // of a free port
    const port = portOf(finder.addresses[0]);
    await finder.close(0);
    const loopback = { host: '127.0.0.1', port };
    for (const [places, message] of [
      [[loopback, { ...loopback }], new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port} twice: give each `)],
      [
        [{ host: undefined, port }, loopback],
        /: the exporter already listens on :\d+, which may include it; leave one /,
      ],
    ] as const)
      await assert.rejects(
        listenOn(places, () => createServer(serverOptions(SERVER_LIMITS), answer)),
        { message },
      );
  });

  it('names the address and the way out when the port is taken, and keeps none of the others', async () => {
    const { addresses } = await start([LOOPBACK], answer);
    const port = portOf(addresses[0]);
    const servers: Server[] = [];
    const makeServer = () => {
      const server = createServer(serverOptions(SERVER_LIMITS), answer);
      servers.push(server);
      return server;
    };
    await assert.rejects(listen([LOOPBACK, { host: '127.0.0.1', port }], makeServer), {
      message: `cannot listen on 127.0.0.1:${port}: another program listens there; stop it or choose another address with --web.listen-address`,
    });
    assert.deepEqual(
      servers.map((server) => server.listening),
      [false, false],
    );
  });

  it('names the address when no interface has it', async () => {
    await assert.rejects(
      listen([{ host: '192.0.2.1', port: 0 }], () => createServer(serverOptions(SERVER_LIMITS), answer)),
      {
        message: /^cannot listen on 192\.0\.2\.1:0: no network interface of this host has this address; /,
      },
    );
  });
});

describe('close', () => {
  it('finishes the answer under way, then takes nothing more on that connection or a new one', async () => {
    const [arrived, gate] = [defer<void>(), defer<void>()];
    const listening = await start([LOOPBACK], async (_request, response) => {
      arrived.resolve();
      await gate.promise;
      response.end('late but whole');
    });
    const port = portOf(listening.addresses[0]);
    const agent = new Agent({ keepAlive: true });
    const pending = request(port, agent);
    await arrived.promise;
    const closed = listening.close(5000);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    const startMs = Date.now();
    gate.resolve();
    const response = await pending;
    assert.equal(response.headers.connection, 'close');
    assert.equal(await textOf(response), 'late but whole');
    await closed;
    assert.ok(Date.now() - startMs < 1000, 'waited for the keep-alive time-out');
  });

  it('closes idle connections at once', async () => {
    const listening = await start([LOOPBACK], answer);
    const port = portOf(listening.addresses[0]);
    const agent = new Agent({ keepAlive: true });
    await textOf(await request(port, agent)); // leaves its connection open
    const silent = connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const startMs = Date.now();
    await listening.close(5000);
    assert.ok(Date.now() - startMs < 1000, 'waited for idle connections');
  });

  it('cuts off what takes longer than the grace', async () => {
    const arrived = defer<void>();
    const listening = await start([LOOPBACK], () => arrived.resolve());
    const pending = request(portOf(listening.addresses[0]), new Agent());
    await arrived.promise;
    const startMs = Date.now();
    await Promise.all([listening.close(50), assert.rejects(pending, { code: 'ECONNRESET' })]);
    assert.ok(Date.now() - startMs < 2000);
  });
});

function answer(...[, response]: Parameters<RequestListener>): void {
  response.end('ok');
}

async function start(addresses: readonly ListenAddress[], handler: RequestListener): Promise<Listening> {
  return listenOn(addresses, () => createServer(serverOptions(SERVER_LIMITS), handler));
}

async function listenOn(addresses: readonly ListenAddress[], makeServer: () => Server): Promise<Listening> {
  const listening = await listen(addresses, makeServer);
  opened.push(listening);
  return listening;
}

/** Fails on IPv6 as a kernel that was started without it does. */
function withoutIpv6(server: Server): Server {
  const original = server.listen.bind(server) as (options: object, listener: () => void) => Server;
  server.listen = ((options: { host: string }, listener: () => void) => {
    if (!options.host.includes(':')) return original(options, listener);
    process.nextTick(() => server.emit('error', Object.assign(new Error('no IPv6'), { code: 'EAFNOSUPPORT' })));
    return server;
  }) as Server['listen'];
  return server;
}

function request(port: number, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent }, resolve).on('error', reject);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

function portOf(address: string | undefined): number {
  return Number(/:(\d+)$/.exec(address ?? '')?.[1]);
}
