// A fleet: many processes that each hold a share of the sockets and renew a part of it on demand.
#ifndef FLEET_H
#define FLEET_H

#include <netinet/in.h>

/** One process's part of the sockets. */
struct share {
  /** Number of this process, 0 … processes - 1. */
  int index;
  int processes;
  /** Sockets this process is to hold. */
  long count;
  /** Distinct peer addresses in the whole fleet. */
  long peers;
  /** Where this process's service listens. */
  int port;
};

/** How sockets of one state are made. Runs in a process of its own; its variables are that process's alone. */
struct maker {
  const char *state;
  /** Descriptors a process needs for each socket. */
  int descriptors;
  /** Makes all sockets of the share. */
  void (*fill)(const struct share *share);
  /** Replaces so many thousandths of them, and makes up for those that have expired. */
  void (*replace)(const struct share *share, int thousandths);
  /** Replaces so many, one after the other, each anywhere; NULL where that cannot be done in a moment. */
  void (*renew)(const struct share *share, long count);
};

extern const struct maker established;
extern const struct maker time_wait;
extern const struct maker dialled;
extern const struct maker close_wait;

/** Runs the fleet until standard input ends. See sockets.c for what it reads and writes. */
int run_fleet(const struct maker *maker, long total, int processes, long peers, const char *name, int first_port);

/** Ends the process with the call and its errno. */
void die(const char *call);

/** A TCP socket. */
int open_socket(void);

/** The address of the service of a process. Fleets whose ports lie 256 apart have addresses of their own. */
struct sockaddr_in service_of(const struct share *share);

/** The address of a peer, below 10.64.0.0/10; its port is 0. */
struct sockaddr_in peer_of(long peer);

/** A listener on every address, at the port of the process's service. */
int listen_on_service(const struct share *share);

/** A connection by handshake, from a peer's address to the service: both of its ends. */
void connect_pair(const struct share *share, int listener, long peer, int *client, int *server);

/** The same from the process to a peer's address, where its own listener answers. */
void dial_pair(const struct share *share, int listener, long peer, int *client, int *server);

#endif
