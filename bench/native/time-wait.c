// TIME_WAIT from connections that really were. They last 60 seconds. time_wait: peers come, and either side closes first, in turn;
// dialled: the process goes to as many peers, and closes first.
#include "fleet.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/** Less than the 60 s of the kernel: those that may be gone any moment do not count. */
enum { LIFETIME_MS = 59000, ROOM = 4 };

static int listener;
static int is_dialled;
static long made;
/** When the living ones were made, oldest first: a ring. */
static long *births;
static long capacity, oldest, alive;

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make_next(const struct share *share) {
  long number = made++ * share->processes + share->index;
  int ends[2];
  int first = is_dialled ? 0 : made % 2;
  if (is_dialled) dial_pair(share, listener, number % share->peers, &ends[0], &ends[1]);
  else connect_pair(share, listener, number % share->peers, &ends[0], &ends[1]);
  close(ends[first]);
  close(ends[1 - first]);
  births[(oldest + alive++) % capacity] = now_ms();
}

static void replace(const struct share *share, int thousandths) {
  long limit = now_ms() - LIFETIME_MS;
  for (; alive > 0 && births[oldest] < limit; alive--) oldest = (oldest + 1) % capacity;
  long missing = share->count - alive;
  long renewed = share->count * thousandths / 1000;
  for (long left = missing > renewed ? missing : renewed; left > 0 && alive < capacity; left--) make_next(share);
}

static void fill(const struct share *share) {
  listener = listen_on_service(share);
  capacity = share->count * ROOM + 1;
  births = calloc(capacity, sizeof *births);
  if (births == NULL) die("calloc");
  replace(share, 0);
}

static void fill_dialled(const struct share *share) {
  is_dialled = 1;
  fill(share);
}

const struct maker time_wait = {"time_wait", 0, fill, replace, NULL};
const struct maker dialled = {"dialled", 0, fill_dialled, replace, NULL};
