import koffi from 'koffi';
import { parseAddress } from '../../../src/model/ip-address.ts';
import { errnoName } from '../../../src/platform/linux/libc/libc.ts';

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
/** Processes that a test starts must not hold its sockets too. */
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
/** libuv has no name for it. */
const EINPROGRESS = 115;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_BINDTODEVICE = 25;
const SO_LINGER = 13;
const SO_KEEPALIVE = 9;
const SO_REUSEPORT = 15;
const SOL_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_DEFER_ACCEPT = 9;
const SOL_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IP_LOCAL_PORT_RANGE = 51;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** TCP sockets, blocking unless `openNonBlocking` made them, by plain system calls, so that a test decides itself what is bound, connected and closed, and when. */
export function createRawSockets() {
  const lib = koffi.load(null);
  const socket = lib.func('int socket(int domain, int type, int protocol)');
  const bindCall = lib.func('int bind(int fd, void *address, uint32_t length)');
  const connectCall = lib.func('int connect(int fd, void *address, uint32_t length)');
  const listenCall = lib.func('int listen(int fd, int backlog)');
  const acceptCall = lib.func('int accept4(int fd, void *address, void *length, int flags)');
  const setsockopt = lib.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');
  const sendCall = lib.func('int64_t send(int fd, void *bytes, size_t length, int flags)');
  const getsockname = lib.func('int getsockname(int fd, void *address, void *length)');
  const getsockopt = lib.func('int getsockopt(int fd, int level, int name, void *value, void *length)');
  const shutdownCall = lib.func('int shutdown(int fd, int how)');
  const closeCall = lib.func('int close(int fd)');
  const fds = new Set<number>();

  return {
    open,
    openNonBlocking,
    bind,
    connect,
    tryConnect,
    startConnect,
    takeError,
    disconnect,
    listen,
    listenShared,
    accept,
    send,
    closeWrite,
    close,
    closeAll,
    reset,
    bindAddressNoPort,
    bindToDevice,
    setPortRange,
    reuseAddress,
    setOnlyV6,
    tryBind,
    startListening,
    keepAlive,
    deferAccept,
    portOf,
  };

  function open(address: string, flags = 0): number {
    const family = address.includes(':') ? AF_INET6 : AF_INET;
    const fd = check(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), 'socket');
    fds.add(fd);
    return fd;
  }

  function openNonBlocking(address: string): number {
    return open(address, SOCK_NONBLOCK);
  }

  function bind(fd: number, address: string, port: number): void {
    const bytes = socketAddress(address, port);
    check(bindCall(fd, bytes, bytes.length), `bind ${address}:${port}`);
  }

  function connect(fd: number, address: string, port: number): void {
    const failure = tryConnect(fd, address, port);
    if (failure !== undefined) throw new Error(`connect ${address}:${port}: ${failure}`);
  }

  /** The name of the errno, undefined when it is bound. */
  function tryBind(fd: number, address: string, port: number): string | undefined {
    const bytes = socketAddress(address, port);
    return bindCall(fd, bytes, bytes.length) === 0 ? undefined : errnoName(koffi.errno());
  }

  /** Has a bound socket listen. */
  function startListening(fd: number): void {
    check(listenCall(fd, 1), 'listen');
  }

  function setOnlyV6(fd: number, isOnly: boolean): void {
    check(setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, new Int32Array([isOnly ? 1 : 0]), 4), 'IPV6_V6ONLY');
  }

  /** The name of the errno, undefined when the connection is there. */
  function tryConnect(fd: number, address: string, port: number): string | undefined {
    const bytes = socketAddress(address, port);
    return connectCall(fd, bytes, bytes.length) === 0 ? undefined : errnoName(koffi.errno());
  }

  /** Of a socket that does not block. */
  function startConnect(fd: number, address: string, port: number): void {
    const bytes = socketAddress(address, port);
    if (connectCall(fd, bytes, bytes.length) === 0 || koffi.errno() === EINPROGRESS) return;
    throw new Error(`connect ${address}:${port}: ${errnoName(koffi.errno())}`);
  }

  /** What the socket says went wrong, once; undefined if nothing. */
  function takeError(fd: number): string | undefined {
    const value = new Int32Array(1);
    check(getsockopt(fd, SOL_SOCKET, SO_ERROR, value, new Int32Array([4])), 'SO_ERROR');
    return value[0] === 0 ? undefined : errnoName(value[0]!);
  }

  /** Has the socket begin anew. */
  function disconnect(fd: number): void {
    const bytes = new Uint8Array(16).fill(AF_UNSPEC);
    check(connectCall(fd, bytes, bytes.length), 'connect AF_UNSPEC');
  }

  function listen(address: string, port: number, backlog = 1024): number {
    const fd = open(address);
    reuseAddress(fd);
    bind(fd, address, port);
    check(listenCall(fd, backlog), 'listen');
    return fd;
  }

  /** A listener that shares its port with others (SO_REUSEPORT). */
  function listenShared(address: string, port: number, backlog = 64): number {
    const fd = open(address);
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, new Int32Array([1]), 4), 'SO_REUSEPORT');
    bind(fd, address, port);
    check(listenCall(fd, backlog), 'listen');
    return fd;
  }

  function accept(listener: number): number {
    const fd = check(acceptCall(listener, null, null, SOCK_CLOEXEC), 'accept');
    fds.add(fd);
    return fd;
  }

  function send(fd: number, text: string): void {
    check(Number(sendCall(fd, Buffer.from(text), text.length, 0)), 'send');
  }

  function closeWrite(fd: number): void {
    check(shutdownCall(fd, 1), 'shutdown');
  }

  function close(fd: number): void {
    fds.delete(fd);
    check(closeCall(fd), 'close');
  }

  /** Closes with a RST: the socket leaves no TIME_WAIT behind. */
  function reset(fd: number): void {
    check(setsockopt(fd, SOL_SOCKET, SO_LINGER, new Int32Array([1, 0]), 8), 'SO_LINGER');
    close(fd);
  }

  /** Probes after so many idle seconds, and again as often. */
  function keepAlive(fd: number, seconds: number): void {
    const set = (level: number, name: number, value: number) =>
      check(setsockopt(fd, level, name, new Int32Array([value]), 4), `option ${name}`);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(SOL_TCP, TCP_KEEPIDLE, seconds);
    set(SOL_TCP, TCP_KEEPINTVL, seconds);
  }

  /** A listener with it hands out a connection when its first bytes are there, at the latest after so many seconds. */
  function deferAccept(listener: number, seconds: number): void {
    check(setsockopt(listener, SOL_TCP, TCP_DEFER_ACCEPT, new Int32Array([seconds]), 4), 'TCP_DEFER_ACCEPT');
  }

  /** The local one. */
  function portOf(fd: number): number {
    const bytes = Buffer.alloc(28);
    check(getsockname(fd, bytes, new Int32Array([bytes.length])), 'getsockname');
    return bytes.readUInt16BE(2);
  }

  function closeAll(): void {
    for (const fd of [...fds]) reset(fd);
  }

  function bindAddressNoPort(fd: number): void {
    check(setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, new Int32Array([1]), 4), 'IP_BIND_ADDRESS_NO_PORT');
  }

  function bindToDevice(fd: number, name: string): void {
    check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${name}\0`), name.length + 1), 'SO_BINDTODEVICE');
  }

  /** For connect() and bind() to port 0; the kernel refuses it before 6.3. */
  function setPortRange(fd: number, first: number, last: number): void {
    const range = new Int32Array([(last << 16) | first]);
    check(setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, range, 4), 'IP_LOCAL_PORT_RANGE');
  }

  function reuseAddress(fd: number): void {
    check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Int32Array([1]), 4), 'SO_REUSEADDR');
  }
}

function check(result: number, call: string): number {
  if (result < 0) throw new Error(`${call}: ${errnoName(koffi.errno())}`);
  return result;
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes); `fe80::1%2` is behind interface 2. */
export function socketAddress(scoped: string, port: number): Uint8Array {
  const [address, scope = '0'] = scoped.split('%') as [string, string?];
  const isIpv6 = address.includes(':');
  const bytes = Buffer.alloc(isIpv6 ? 28 : 16);
  bytes.writeUInt16LE(isIpv6 ? AF_INET6 : AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  const words = new Int32Array(parseAddress(address)!);
  Buffer.from(words.buffer).copy(bytes, isIpv6 ? 8 : 4, isIpv6 ? 0 : 12);
  if (isIpv6) bytes.writeUInt32LE(Number(scope), 24);
  return bytes;
}
