// Opens the zoo, tells its ports and its own pid on standard output and keeps it until it is killed.
import { openSocketZoo } from './socket-zoo.ts';

process.stdout.write(`${JSON.stringify({ zoo: await openSocketZoo(), pid: process.pid })}\n`);
setInterval(() => {}, 60_000);
