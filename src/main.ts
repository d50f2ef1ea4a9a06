#!/usr/bin/env node
import './memory/small-heap.ts';

// The program is loaded when the flags are set: with a hundred modules read before, V8's heap has grown already.
await import('./start/program.ts');
