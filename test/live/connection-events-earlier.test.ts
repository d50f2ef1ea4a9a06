import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENDINGS, EventCount, type EventFlow } from '../../src/model/connection-events.ts';
import { chooseOwn, countEnded, openEventReadings, sumOf } from '../support/sockets/event-readings.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const OWN = chooseOwn();
const ADDRESSES = ['127.0.0.1', '::1', '::ffff:127.0.0.2'] as const;
/** What the client bound before connect(): nothing, its address, or a port that it chose, too. */
const BINDINGS = ['nothing', 'address', 'port'] as const;
const CHOSEN = 4001;
const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

test('a connection from before the programs ends as what it is, outbound or inbound, however it ends', {
  skip,
}, async (t) => {
  const sockets = createRawSockets();
  t.after(() => sockets.closeAll());
  let chosen = CHOSEN;
  const open = ADDRESSES.flatMap((address) => {
    const listener = sockets.listen(address, OWN.port, 1);
    return BINDINGS.map((binding) => ENDINGS.slice(0, 4).map(() => connect(listener, address, binding)));
  });
  const { read } = openEventReadings(t, OWN);
  for (const [closedFirst, closedLast, reset, wasReset] of open) {
    sockets.close(closedFirst!.client);
    sockets.close(closedFirst!.server);
    sockets.close(closedLast!.server);
    sockets.close(closedLast!.client);
    sockets.reset(reset!.client);
    sockets.reset(wasReset!.server);
  }
  const flows: EventFlow[] = [];
  const isEnded = () => countEnded(flows) >= 8 * open.length;
  for (let tries = 0; tries < 250 && !isEnded(); tries++) {
    flows.push(...read().flows);
    await delay(20);
  }
  const each = open.length;
  for (const isOutbound of [true, false])
    assert.deepEqual(
      endingsOf(flows.filter((flow) => flow.isOutbound === isOutbound)),
      { active: each, passive: each, aborted: each, reset: each, timed_out: 0 },
      isOutbound ? 'outbound' : 'inbound',
    );

  function connect(listener: number, address: string, binding: (typeof BINDINGS)[number]) {
    const client = sockets.open(address);
    if (binding !== 'nothing') sockets.bind(client, address, binding === 'port' ? chosen++ : 0);
    sockets.connect(client, address, OWN.port);
    return { client, server: sockets.accept(listener) };
  }
});

function endingsOf(flows: readonly EventFlow[]): Record<string, number> {
  return Object.fromEntries(ENDINGS.map((how, index) => [how, sumOf(flows, EventCount.closed + index)]));
}
