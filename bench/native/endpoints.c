#define _GNU_SOURCE
#include "fleet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };
static const in_addr_t SERVICE_ADDRESS = 0x0a000001; /* 10.0.0.1, for a fleet at ports 0 … 255 */
static const in_addr_t FIRST_PEER = 0x0a400001;      /* 10.64.0.1 */

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

void die(const char *call) {
  perror(call);
  exit(1);
}

int open_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) die("socket");
  return fd;
}

struct sockaddr_in service_of(const struct share *share) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(share->port)};
  address.sin_addr.s_addr = htonl(SERVICE_ADDRESS | ((share->port - share->index) & 0xff00));
  return address;
}

struct sockaddr_in peer_of(long peer) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(FIRST_PEER + (in_addr_t)peer);
  return address;
}

int listen_on_service(const struct share *share) {
  struct sockaddr_in address = service_of(share);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  int fd = open_socket();
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) die("SO_REUSEADDR");
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind a listener");
  if (listen(fd, BACKLOG) < 0) die("listen");
  return fd;
}

static void finish_pair(const struct sockaddr_in *to, int listener, int client, int *server) {
  if (connect(client, (const struct sockaddr *)to, sizeof *to) < 0) die("connect");
  *server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (*server < 0) die("accept");
}

void connect_pair(const struct share *share, int listener, long peer, int *client, int *server) {
  struct sockaddr_in from = peer_of(peer);
  struct sockaddr_in to = service_of(share);
  int on = 1;
  *client = open_socket();
  if (setsockopt(*client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0) die("IP_BIND_ADDRESS_NO_PORT");
  if (bind(*client, (struct sockaddr *)&from, sizeof from) < 0) die("bind a client");
  finish_pair(&to, listener, *client, server);
}

void dial_pair(const struct share *share, int listener, long peer, int *client, int *server) {
  struct sockaddr_in to = peer_of(peer);
  to.sin_port = htons(share->port);
  *client = open_socket();
  finish_pair(&to, listener, *client, server);
}
