import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createKernelLinks, type FdReader } from '../../../src/platform/linux/fd-sources.ts';
import { DENIED, GONE } from '../../../src/platform/linux/owners/fd-links.ts';
import { createFakeProcesses } from './owners/fake-processes.ts';

const PROVE_EVERY = 1000;

describe('createKernelLinks', () => {
  it('reads procfs from the start where the kernel is not proven', () => {
    for (const [proof, reason] of [
      [false, /disagrees with \/proc\/self\/fd/],
      [undefined, /could not be compared with \/proc\/self\/fd/],
    ] as const) {
      const { links } = createHost(() => proof);
      assert.equal(links.source, 'procfs');
      assert.match(links.sourceReason!, reason);
      assert.deepEqual(readAll(links), [101, 102]);
    }
  });

  it('asks again every so often, and reads procfs as soon as they disagree', () => {
    let proof: boolean | undefined = true;
    let proofs = 0;
    const { links } = createHost(() => {
      proofs++;
      return proof;
    });
    const openMany = () => {
      for (let opened = 0; opened < PROVE_EVERY; opened++) links.close(links.open('10'));
    };
    openMany();
    assert.deepEqual([proofs, links.source, links.sourceReason], [2, 'bpf', undefined]);
    proof = undefined; // that cannot be told without a descriptor
    openMany();
    assert.deepEqual([proofs, links.source], [3, 'bpf']);
    proof = false;
    const open = links.open('10');
    openMany();
    assert.deepEqual([proofs, links.source], [4, 'procfs']);
    assert.equal(links.linkOf(open, 0), 201, 'what is open stays what it was');
    assert.deepEqual(readAll(links), [101, 102]);
  });

  it('fails once where the kernel fails, and reads procfs from then on', () => {
    const { links, kernel } = createHost(() => true);
    assert.deepEqual(readAll(links), [201, 202]);
    kernel.list = () => {
      throw new Error('bpf(BPF_PROG_RUN): ENOMEM');
    };
    assert.throws(() => readAll(links), /ENOMEM/);
    assert.deepEqual(readAll(links), [101, 102]);
    assert.deepEqual(
      [links.source, links.sourceReason],
      ['procfs', 'the reader in the kernel fails: bpf(BPF_PROG_RUN): ENOMEM'],
    );
  });

  it('gives nothing of a process that ended since it was opened', () => {
    const { links, kernel, proc } = createHost(() => true);
    const directory = links.open('10');
    kernel.ask = () => 0;
    links.expect!(directory, Int32Array.of(0, 1), 2);
    assert.deepEqual(
      [links.linkOf(directory, 0), links.linkOf(directory, 1), links.linkOf(directory, 5)],
      [GONE, GONE, GONE],
    );
    kernel.find = () => 0;
    proc.end(proc.processes.get(10)!);
    assert.equal(links.open('10'), GONE);
  });

  it('asks procfs for a process that the kernel does not show: it may exist, and be closed to us', () => {
    const { links, kernel, proc } = createHost(() => true);
    kernel.find = () => 0;
    assert.deepEqual(readAll(links), [101, 102]);
    proc.processes.get(10)!.isDenied = true;
    assert.equal(links.open('10'), DENIED);
  });

  it('takes the descriptors of a thread by its own number', () => {
    const { links, asked } = createHost(() => true);
    links.close(links.open('10/task/12'));
    assert.deepEqual(asked, [12]);
  });
});

/** A kernel that says 201 and 202 where procfs says 101 and 102. */
function createHost(prove: () => boolean | undefined) {
  const proc = createFakeProcesses();
  proc.start(10, 'web', 101, 102);
  const asked: number[] = [];
  const kernel: FdReader = {
    find: (pid) => asked.push(pid) && 7,
    ask(_, fds, links, length) {
      for (let each = 0; each < length; each++) links[each] = fds[each]! < 2 ? 201 + fds[each]! : GONE;
      return 7;
    },
    list(_, from, __, fds, links) {
      fds.set([0, 1]);
      links.set([201, 202]);
      return { started: 7, length: from === 0 ? 2 : 0, next: -1 };
    },
    close() {},
  };
  return { links: createKernelLinks(kernel, proc.links, prove), kernel, asked, proc };
}

function readAll(links: ReturnType<typeof createHost>['links']): number[] {
  const found: number[] = [];
  const directory = links.open('10');
  try {
    links.list(directory, 0, (fd) => found.push(links.linkOf(directory, fd)) > 0);
  } finally {
    links.close(directory);
  }
  return found;
}
