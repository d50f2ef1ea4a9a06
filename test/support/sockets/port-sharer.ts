// A program: listens on an address by SO_REUSEPORT under a name of its own, and accepts and closes, or hangs, until it is killed.
import { createRawSockets } from './raw-sockets.ts';

const [name, what, address, port] = process.argv.slice(2) as [string, 'accepts' | 'hangs', string, string];
process.title = name;
const sockets = createRawSockets();
const listener = sockets.listenShared(address, Number(port));
process.stdout.write('listens');
if (what === 'hangs') process.stdin.resume();
else setInterval(() => sockets.close(sockets.accept(listener)), 0);
