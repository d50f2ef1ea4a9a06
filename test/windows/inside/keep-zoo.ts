// Opens the zoo, tells its ports on standard output and keeps it until it is killed.
import { openSocketZoo } from './socket-zoo.ts';

process.stdout.write(`${JSON.stringify(await openSocketZoo())}\n`);
setInterval(() => {}, 60_000);
