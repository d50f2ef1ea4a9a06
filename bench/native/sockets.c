// Makes sockets by the hundred thousand for the benchmark and the soak.
//   sockets STATE TOTAL PROCESSES PEERS NAME PORT      STATE: established, time_wait, dialled (time-wait.c) or close_wait
// The processes are called NAME-00, NAME-01 … and listen on PORT, PORT + 1 ….
// Prints `ready PROCESSES` when all sockets are there (more processes than asked for when the limit on descriptors
// demands it). Reads `replace THOUSANDTHS` lines and, of established ones,
// `churn NUMBER` (so many in each second from then on, 0 = none); answers each with `done`.
// Ends, and with it every socket but those in TIME_WAIT, when standard input ends.
#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  static const struct maker *const makers[] = {&established, &time_wait, &dialled, &close_wait};
  for (unsigned at = 0; argc == 7 && at < sizeof makers / sizeof *makers; at++) {
    if (strcmp(makers[at]->state, argv[1]) != 0) continue;
    return run_fleet(makers[at], atol(argv[2]), atoi(argv[3]), atol(argv[4]), argv[5], atoi(argv[6]));
  }
  fprintf(stderr, "usage: sockets established|time_wait|dialled|close_wait TOTAL PROCESSES PEERS NAME PORT\n");
  return 2;
}
