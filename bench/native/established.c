// ESTABLISHED without a peer: TCP_REPAIR lets a socket be connected without a packet, and closed without one.
#include "fleet.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of the 28,232 ports that connect() chooses from: the tools that are measured need some themselves. */
enum { FIRST_EPHEMERAL_PORT = 32768, EPHEMERAL_PORTS = 27000 };
static const int REMOTE_SERVICES[] = {443, 5432, 6379, 9092, 3306};

static int *sockets;
static long made;

/**
 * A connection that differs from all before: half of them are inbound, at the service of the process, half outbound,
 * from an ephemeral port to a service elsewhere. Peers take turns.
 */
static int open_next(const struct share *share) {
  long number = made++ * share->processes + share->index;
  long peer = number % share->peers;
  long turn = number / share->peers;
  struct sockaddr_in local = service_of(share);
  struct sockaddr_in remote = peer_of(peer);
  in_port_t ephemeral = htons(FIRST_EPHEMERAL_PORT + (peer * 7 + turn) % EPHEMERAL_PORTS);
  if (made % 2 == 0) {
    local.sin_port = ephemeral;
    remote.sin_port = htons(REMOTE_SERVICES[share->index % 5]);
  } else remote.sin_port = ephemeral;
  int fd = open_socket();
  int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0) die("TCP_REPAIR");
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
  if (connect(fd, (struct sockaddr *)&remote, sizeof remote) < 0) die("connect");
  return fd;
}

static void fill(const struct share *share) {
  listen_on_service(share);
  sockets = calloc(share->count + 1, sizeof *sockets);
  if (sockets == NULL) die("calloc");
  for (long at = 0; at < share->count; at++) sockets[at] = open_next(share);
}

/** Those to be replaced lie scattered over the descriptors, others at each turn. */
static void replace(const struct share *share, int thousandths) {
  static long turn;
  if (thousandths <= 0) return;
  long step = thousandths >= 1000 ? 1 : 1000 / thousandths;
  long first = turn++ % step;
  for (long at = first; at < share->count; at += step) close(sockets[at]);
  for (long at = first; at < share->count; at += step) sockets[at] = open_next(share);
}

static void renew(const struct share *share, long count) {
  static unsigned long long random = 1;
  for (; count > 0 && share->count > 0; count--) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    long at = (long)(random >> 33) % share->count;
    close(sockets[at]);
    sockets[at] = open_next(share);
  }
}

const struct maker established = {"established", 1, fill, replace, renew};
