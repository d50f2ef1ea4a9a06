// CLOSE_WAIT: the client has closed, the service has not. The clients vanish without a word once their FIN is acknowledged.
#include "fleet.h"

#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** The service acknowledges a FIN after 40 ms; a client that is gone by then answers that with a reset. */
enum { ACKNOWLEDGED_US = 200000, BATCH = 4000 };

static int listener;
static int *sockets;
static long made;

/** Fills the places first, first + step … of the share. */
static void fill_places(const struct share *share, long first, long step) {
  static int clients[BATCH];
  for (long at = first; at < share->count;) {
    int waiting = 0;
    for (; at < share->count && waiting < BATCH; at += step) {
      long number = made++ * share->processes + share->index;
      connect_pair(share, listener, number % share->peers, &clients[waiting], &sockets[at]);
      if (shutdown(clients[waiting], SHUT_WR) < 0) die("shutdown");
      waiting++;
    }
    usleep(ACKNOWLEDGED_US);
    while (waiting > 0) {
      int on = 1;
      if (setsockopt(clients[--waiting], IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0) die("TCP_REPAIR");
      close(clients[waiting]);
    }
  }
}

static void fill(const struct share *share) {
  listener = listen_on_service(share);
  sockets = calloc(share->count + 1, sizeof *sockets);
  if (sockets == NULL) die("calloc");
  fill_places(share, 0, 1);
}

static void replace(const struct share *share, int thousandths) {
  static long turn;
  if (thousandths <= 0) return;
  long step = thousandths >= 1000 ? 1 : 1000 / thousandths;
  long first = turn++ % step;
  for (long at = first; at < share->count; at += step) close(sockets[at]);
  fill_places(share, first, step);
}

const struct maker close_wait = {"close_wait", 2, fill, replace, NULL};
