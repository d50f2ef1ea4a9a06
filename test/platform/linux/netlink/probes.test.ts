import assert from 'node:assert/strict';
import { constants, release } from 'node:os';
import { describe, it } from 'node:test';
import {
  describeCapabilities,
  describeNamespaces,
  hasOwnerCapabilities,
} from '../../../../src/platform/linux/capability-notices.ts';
import { type Libc, loadLibc } from '../../../../src/platform/linux/libc/libc.ts';
import { seesBoundSockets } from '../../../../src/platform/linux/netlink/bound-probe.ts';
import { checkNetlink } from '../../../../src/platform/linux/netlink/netlink-probe.ts';

const DONE = Buffer.from([20, 0, 0, 0, 3, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** A C library in which every call succeeds and a dump is empty, but for the calls given. */
function fakeLibc(calls: Partial<Libc>): { libc: Libc; closed: number[] } {
  const closed: number[] = [];
  let next = 10;
  const libc: Partial<Libc> = {
    socket: () => next++,
    bind: () => 0,
    setsockopt: () => 0,
    send: (_fd, buffer) => buffer.length,
    recv(_fd, buffer) {
      buffer.set(DONE);
      return DONE.length;
    },
    close(fd) {
      closed.push(fd);
      return 0;
    },
    errno: () => 0,
    ...calls,
  };
  return { libc: libc as Libc, closed };
}

describe('seesBoundSockets', { skip: process.platform === 'linux' ? false : 'skipped: needs Linux' }, () => {
  it('is false on a kernel that does not know the bit: the dump stays empty', () => {
    const { libc, closed } = fakeLibc({});
    assert.equal(seesBoundSockets(libc), false);
    assert.deepEqual(closed.sort(), [10, 11], 'both sockets are closed again');
  });

  it('agrees with the kernel this runs on', () => {
    const [major, minor] = readRelease();
    assert.equal(seesBoundSockets(loadLibc()), major > 6 || (major === 6 && minor >= 8));
  });

  it('goes by the version where no port can be bound, and leaves no socket behind', () => {
    for (const code of ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'] as const) {
      const { libc, closed } = fakeLibc({ bind: () => -1, errno: () => constants.errno[code] });
      assert.equal(seesBoundSockets(libc, '6.8.0-45-generic'), true, code);
      assert.equal(seesBoundSockets(libc, '6.7.12'), false, code);
      assert.equal(seesBoundSockets(libc, '5.14.0-503.el9'), false, code);
      assert.equal(seesBoundSockets(libc, '10.0.1'), true, code);
      assert.deepEqual(closed, [10, 11, 12, 13], code);
    }
  });
});

describe('checkNetlink', () => {
  for (const name of ['EPROTONOSUPPORT', 'EPERM', 'EAFNOSUPPORT'] as const) {
    it(`tells that the kernel refuses with ${name}`, () => {
      const { libc } = fakeLibc({ socket: () => -1, errno: () => constants.errno[name] });
      assert.match(checkNetlink(libc)!, new RegExp(`${name}$`));
    });
  }

  for (const name of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'] as const) {
    it(`does not take ${name} for a refusal: it may work in a moment`, () => {
      const { libc } = fakeLibc({ socket: () => -1, errno: () => constants.errno[name] });
      assert.equal(checkNetlink(libc), undefined);
    });
  }

  it('does not take silence or signals for a refusal', () => {
    for (const name of ['EAGAIN', 'EINTR'] as const) {
      const { libc, closed } = fakeLibc({ recv: () => -1, errno: () => constants.errno[name] });
      assert.equal(checkNetlink(libc), undefined);
      assert.ok(closed.length > 0);
    }
  });

  it('tells that the module is missing (the dump ends with ENOENT)', () => {
    const refused = Buffer.from(DONE);
    refused.writeUInt16LE(2, 4);
    refused.writeInt32LE(-constants.errno.ENOENT, 16);
    const { libc, closed } = fakeLibc({
      recv(_fd, buffer) {
        buffer.set(refused);
        return refused.length;
      },
    });
    assert.match(checkNetlink(libc)!, /ENOENT/);
    assert.deepEqual(closed, [10]);
  });

  it('is content with a kernel that answers', () => {
    assert.equal(checkNetlink(fakeLibc({}).libc), undefined);
  });
});

describe('describeCapabilities', () => {
  const all = { sysPtrace: true, dacReadSearch: true };

  it('warns of what is missing and of what that costs', () => {
    const [notice] = describeCapabilities({ ...all, dacReadSearch: false }, new Set(['processes']));
    assert.equal(notice!.level, 'warn');
    assert.match(notice!.message, /^CAP_DAC_READ_SEARCH missing: .*reason="permission"/);
    const [both] = describeCapabilities({ ...all, dacReadSearch: false, sysPtrace: false }, new Set(['processes']));
    assert.match(both!.message, /^CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH missing/);
  });

  it('needs both, and does not care when nobody asks for processes', () => {
    assert.equal(hasOwnerCapabilities(all), true);
    assert.equal(hasOwnerCapabilities({ ...all, sysPtrace: false }), false);
    assert.equal(describeCapabilities(all, new Set(['processes']))[0]!.level, 'info');
    const [inUserNamespace] = describeCapabilities(all, new Set(['processes']), true, false);
    assert.equal(inUserNamespace!.level, 'warn');
    assert.match(inUserNamespace!.message, /apply to this user namespace only.*hostUsers: true/);
    assert.deepEqual(describeCapabilities({ ...all, sysPtrace: false }, new Set(['sockets'])), []);
  });

  it('does not promise the processes of all users where there are others', () => {
    assert.deepEqual(describeCapabilities(all, new Set(['processes']), false), []);
    assert.equal(describeCapabilities({ ...all, sysPtrace: false }, new Set(['processes']), false).length, 1);
  });
});

describe('describeNamespaces', () => {
  const both = new Set(['processes', 'namespace'] as const);

  it('says what a container hides, with a hint', () => {
    const [network, pids] = describeNamespaces({ isHostNetwork: false, isHostPid: false }, both);
    assert.match(network!.message, /outside the host's network namespace.*hostNetwork.*--no-collector\.namespace$/);
    assert.match(pids!.message, /reason="pid_namespace".*hostPID.*--no-collector\.processes$/);
    assert.deepEqual([network!.level, pids!.level], ['info', 'warn']);
  });

  it('says nothing on the host, where nobody can tell, and of what is off', () => {
    assert.deepEqual(describeNamespaces({ isHostNetwork: true, isHostPid: true }, both), []);
    assert.deepEqual(describeNamespaces({}, both), []);
    assert.deepEqual(describeNamespaces({ isHostNetwork: false, isHostPid: false }, new Set(['sockets'])), []);
  });
});

function readRelease(): [major: number, minor: number] {
  const [major, minor] = release().split('.');
  return [Number(major), Number(minor)];
}
