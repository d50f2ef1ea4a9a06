#!/usr/bin/env node
import './start/ignore-debug-signal.ts';
import { wantsDiagnose } from './config/wants-diagnose.ts';

// A verdict in the terminal loads no server, and is over before memory matters. The server is loaded only after the flags are set:
// with a hundred modules loaded before, V8's heap has already grown.
if (wantsDiagnose()) {
  await import('./start/optimize-late.ts');
  await import('./start/diagnose.ts');
} else {
  await import('./memory/small-heap.ts');
  await import('./start/program.ts');
}
