import { setFlagsFromString } from 'node:v8';

// Imported before anything else, by either thread. The main thread turns a page into text now and then, and the sockets are
// in typed arrays of the collector thread: V8 is told not to trade memory for speed. Measured on an idle host after 260
// scrapes: 148 MB resident without, 120 MB with the first flag, 105 MB with both; the CPU time of a scrape stays the same.
// The collector thread sets them again because V8 raises the factor to 2 for all threads whenever one starts
// (Heap::ConfigureHeap): 10,000 sockets, most ever held in the benchmark: 135 MB if it does not, 108 MB if it does.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');
