import { setFlagsFromString } from 'node:v8';

// Imported before anything else, by either thread. The main thread turns a page into text now and then, and the sockets are
// in typed arrays of the collector thread: V8 need not trade memory for speed. Measured with 10,000 sockets, after 410
// scrapes: 105 MB resident without, 79 MB with the flag, for 3 ms more per scrape; `--optimize-for-size` besides makes that
// 67 MB, and takes another 5 ms. The collector thread sets the flag again because V8 forgets it whenever a thread starts.
setFlagsFromString('--semi-space-growth-factor=1');
