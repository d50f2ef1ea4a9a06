import assert from 'node:assert/strict';
import { it } from 'node:test';
import { placeOf } from '../../../../src/platform/linux/netns/cgroup-place.ts';
import { containerIdOf, podCgroup, uidOf } from '../../../support/sockets/fake-pods.ts';

const ID = containerIdOf(0xabcdef);
const kubelet = { containerOf: (id: string) => (id === ID ? 'app' : undefined) };

it('a cgroup is that of the container under its name, else its id, or of a unit; the root is nobody', () => {
  const places = [
    podCgroup(uidOf(1), ID),
    `/system.slice/docker-${containerIdOf(5)}.scope`,
    '/system.slice/a.service',
    '/',
  ];
  assert.deepEqual(
    places.map((path) => placeOf(path, kubelet)),
    [
      { container: 'app', unit: '' },
      { container: '000000000000', unit: '' },
      { container: '', unit: 'a.service' },
      undefined,
    ],
  );
});
