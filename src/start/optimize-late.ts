import { setFlagsFromString } from 'node:v8';

// One look at a host is over before optimized code pays: with 10,000 sockets V8 spent as much time on compiling the loops over them as
// on running them. With fifteen times its own budget it still compiles them where there are a hundred thousand. V8 11 is that of
// Node.js 20; later ones have no such flag, and complain about it.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');
