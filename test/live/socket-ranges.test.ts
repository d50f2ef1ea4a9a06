import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEphemeralReader } from '../support/sockets/ephemeral-use.ts';
import { missingBpf } from '../support/sockets/missing-bpf.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { createRawSockets } from '../support/sockets/raw-sockets.ts';

const [FIRST, LAST] = [40_020, 40_029];
const SERVICE = 80;

const skip = enterNetworkNamespace() ?? missingBpf() ?? false;

for (const [family, address] of [
  ['ipv4', '10.0.0.1'],
  ['ipv6', '::1'],
] as const) {
  test(`a range of a program's own is at 1 exactly when its connect() fails: ${family}`, { skip }, (t) => {
    enterNetworkNamespace();
    setNetworkSetting('ipv4/ip_local_port_range', '40000 40099');
    const sockets = createRawSockets();
    const reader = createEphemeralReader('bpf');
    t.after(() => {
      sockets.closeAll();
      reader.close();
    });
    sockets.listen(address, SERVICE);
    sockets.listen('10.0.0.7', FIRST + 3); // one port less for everybody
    assert.equal(reader.read().socketRanges, undefined);
    let failure: string | undefined;
    let made = 0;
    for (; failure === undefined && made < 50; made++) {
      if (made > 0) assert.deepEqual(rangesOf(), [[family, FIRST, LAST, 10, (made + 1) / 10]]);
      failure = connect(true);
    }
    assert.deepEqual([failure, made - 1], ['EADDRNOTAVAIL', 9]);
    assert.deepEqual(rangesOf(), [[family, FIRST, LAST, 10, 1]]);
    assert.equal(connect(false), undefined, 'sockets without it have other ports');
    const { utilization } = reader.read().families.find((each) => each.family === family)!;
    assert.ok(utilization! < 0.2, `${utilization}`);

    function connect(hasRange: boolean): string | undefined {
      const fd = sockets.open(address);
      if (hasRange) sockets.setPortRange(fd, FIRST, LAST);
      const error = sockets.tryConnect(fd, address, SERVICE);
      if (error !== undefined) sockets.close(fd);
      return error;
    }

    function rangesOf() {
      return reader
        .read()
        .socketRanges?.map((each) => [each.family, each.first, each.last, each.ports, each.utilization]);
    }
  });
}
