import { setFlagsFromString } from 'node:v8';

// Imported before anything else, by either thread. The main thread turns a page into text now and then, and the sockets are
// in typed arrays of the collector thread: V8 is told not to trade memory for speed. Measured on an idle host after 260
// scrapes: 148 MB resident without, 120 MB with the first flag, 105 MB with both, for the same CPU time; with 10,000 sockets
// a scrape takes 3 ms more, for garbage. The collector thread sets them again because V8 forgets the first one whenever a
// thread starts: with 10,000 sockets the benchmark saw 135 MB at most if it does not, and 108 MB if it does.
setFlagsFromString('--semi-space-growth-factor=1');
