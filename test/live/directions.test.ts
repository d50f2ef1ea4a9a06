import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const skip = enterNetworkNamespace() ?? false;

describe('who opened a connection', { skip }, () => {
  let sockets: ReturnType<typeof createRawSockets>;
  let reader: ReturnType<typeof createEphemeralReader>;

  beforeEach(() => {
    enterNetworkNamespace();
    sockets = createRawSockets();
    reader = createEphemeralReader('sock_diag');
  });

  afterEach(() => {
    sockets.closeAll();
    reader.close();
  });

  for (const [local, other, remote] of [
    ['127.0.0.1', '127.0.0.2', '127.0.0.9'],
    ['10.1.0.1', '10.1.0.2', '10.1.0.9'],
  ] as const) {
    it(`is told of connections from a port that listens: ${local}`, () => {
      sockets.listen(local, 4001);
      const service = sockets.listen(remote, 9000);
      for (let index = 0; index < 3; index++) {
        const client = sockets.open(other);
        sockets.reuseAddress(client);
        sockets.bind(client, index === 0 ? other : other.replace(/2$/, `2${index}`), 4001);
        sockets.connect(client, remote, 9000);
        sockets.accept(service);
      }
      assert.deepEqual(cells('4001'), [
        `outbound ${remote} 9000`,
        `outbound ${remote} 9000`,
        `outbound ${remote} 9000`,
      ]);
      assert.equal(
        cells('9000').every((cell) => cell.startsWith('inbound')),
        true,
      );
    });
  }

  it('is told of IPv6 too', () => {
    sockets.listen('::1', 9000);
    sockets.listen('127.0.0.1', 4001);
    const client = sockets.open('::1');
    sockets.reuseAddress(client);
    sockets.bind(client, '::1', 4001);
    sockets.connect(client, '::1', 9000);
    assert.deepEqual(cells('4001'), ['outbound ::1 9000']);
  });

  it('stays known while a server drains', () => {
    const listener = sockets.listen('10.0.0.1', 443);
    for (let index = 0; index < 20; index++) {
      sockets.connect(sockets.open('10.0.0.1'), '10.0.0.1', 443);
      sockets.accept(listener);
    }
    assert.equal(inbound('443'), 20);
    sockets.close(listener);
    assert.equal(inbound('443'), 20);
  });

  function inbound(port: string): number {
    const { connections } = reader.readCounts();
    return connections!.cells
      .filter(({ direction, localPort }) => direction === 'inbound' && localPort === port)
      .reduce((sum, { sockets: count }) => sum + count, 0);
  }

  /** One text for each socket on a local port. */
  function cells(port: string): string[] {
    return reader
      .readCounts()
      .connections!.cells.filter(({ localPort }) => localPort === port)
      .flatMap(({ direction, remoteIp, remotePort, sockets: count }) =>
        new Array<string>(count).fill(`${direction} ${remoteIp} ${remotePort}`.trim()),
      );
  }
});
