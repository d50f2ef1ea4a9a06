import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clientOf } from '../../../src/http/sharing/client-of.ts';

it('knows one client by its IPv4 address or its IPv6 network', () => {
  for (const [address, client] of [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:db8:1:3::9', '2001:db8:1:3::'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    [undefined, ''],
  ] as const)
    assert.equal(clientOf(address), client, address);
});
