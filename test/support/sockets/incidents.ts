import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { setNetworkSetting } from './network-namespace.ts';
import type { createRawSockets } from './raw-sockets.ts';
import type { createSocketPuppets } from './socket-puppets.ts';

type Puppets = ReturnType<typeof createSocketPuppets>;
type RawSockets = ReturnType<typeof createRawSockets>;

/** The range that the first incident uses up. */
export const RANGE = { first: 40_000, last: 40_199, ports: 200 } as const;
export const OPEN = 6;
export const WAITING = RANGE.ports - OPEN;
export const LEAKED = 45;
export const BACKLOG = 16;

/** In a namespace of one's own: `shop-worker` reconnects to its database for every query until no port is left. */
export async function exhaustPorts(puppets: Puppets, sockets: RawSockets): Promise<void> {
  setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
  const database = sockets.listen('10.0.0.50', 5432, 512);
  const worker = await puppets.start('shop-worker');
  for (let made = 0; made < OPEN; made++) {
    await worker.tell('connect 10.0.0.50 5432');
    sockets.accept(database);
  }
  for (let made = 0; made < WAITING; made++) {
    const client = sockets.open('10.0.0.50');
    sockets.connect(client, '10.0.0.50', 5432);
    const server = sockets.accept(database);
    sockets.close(client); // who closes first keeps the TIME_WAIT
    sockets.close(server);
  }
}

/** `legacy` takes connections and never closes them; their clients do. */
export async function leakCloseWait(puppets: Puppets, sockets: RawSockets): Promise<void> {
  const legacy = await puppets.start('legacy');
  const listener = await legacy.tell('listen 10.0.0.1 9000');
  for (let made = 0; made < LEAKED; made++) {
    const client = sockets.open('10.0.0.1');
    sockets.connect(client, '10.0.0.1', 9000);
    await legacy.tell(`accept ${listener}`);
    sockets.close(client);
  }
}

/** `api` listens and accepts nothing; some of its clients give up, others go on asking. Returns what ends them. */
export async function overflowAcceptQueue(puppets: Puppets): Promise<() => void> {
  setNetworkSetting('core/somaxconn', String(BACKLOG));
  const api = await puppets.start('api');
  await api.tell('listen 10.0.0.1 8080');
  const knock = () => connect({ host: '10.0.0.1', port: 8080 }).on('error', () => {});
  const first = Array.from({ length: BACKLOG + 1 }, knock);
  await delay(300);
  for (const client of first.slice(0, 9)) client.destroy();
  const others: Socket[] = Array.from({ length: 20 }, knock); // each sends its SYN again after a second
  await delay(100);
  return () => {
    for (const client of [...first, ...others]) client.destroy();
  };
}
