// The real collector thread, run from its source: Node 20 does not let tsx load the first module of a thread.
import { register } from 'tsx/esm/api';

register();
await import('../../../src/collector/worker.ts');
