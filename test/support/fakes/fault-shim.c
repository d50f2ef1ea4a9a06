/* Preloaded into the exporter (LD_PRELOAD): makes calls of the C library go wrong while a test says so. What to do stands in a
   file of five 32-bit numbers, named by FAULT_FILE and mapped, so that a test switches faults on and off in the same process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The numbers of ACTIONS in fault-shim.ts. */
enum { NONE, NETLINK, SEND, SILENCE, RECV, CLOSED, CUT, DONE_ERROR, REFUSAL, INTERRUPTED, READLINK, LIST, ACCEPT, THREAD, CLOCK };

struct fault {
  int32_t action;
  int32_t value; /* an errno, or seconds */
  int32_t nth;   /* which datagram of a dump, 1 the first; 0 = every one */
  int32_t left;  /* how often it still happens; negative = always */
  int32_t extensions; /* only in dumps that ask for these attributes; negative = in all */
};

static struct fault none;
static volatile struct fault *fault = &none;
static __thread int datagrams;
static __thread uint32_t sequence;
static __thread int extensions;

__attribute__((constructor)) static void map_fault(void) {
  const char *path = getenv("FAULT_FILE");
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void *mapped = mmap(NULL, sizeof(struct fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();
  close(fd);
  fault = mapped;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_due(int action) {
  if (fault->action != action || fault->left == 0) return 0;
  if (fault->left > 0) fault->left--;
  return 1;
}

static int is_due_now(int action) {
  if (fault->extensions >= 0 && fault->extensions != extensions) return 0;
  return fault->action == action && (fault->nth == 0 || fault->nth == datagrams) && is_due(action);
}

static int fails(int action) {
  if (!is_due(action)) return 0;
  errno = fault->value;
  return 1;
}

static int is_netlink(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}

int socket(int domain, int type, int protocol) {
  if (domain == AF_NETLINK && fails(NETLINK)) return -1;
  return REAL(socket)(domain, type, protocol);
}

ssize_t send(int fd, const void *buffer, size_t length, int flags) {
  if (fault->action == NONE || !is_netlink(fd)) return REAL(send)(fd, buffer, length, flags);
  datagrams = 0;
  sequence = ((const struct nlmsghdr *)buffer)->nlmsg_seq;
  extensions = ((const uint8_t *)buffer)[sizeof(struct nlmsghdr) + 3]; /* idiag_ext */
  if (fails(NETLINK) || fails(SEND)) return -1;
  if (is_due(SILENCE)) return length;
  return REAL(send)(fd, buffer, length, flags);
}

/* Goes through the messages of a datagram: those of one type, or all (0), get an errno, or a flag. */
static void spoil(char *buffer, ssize_t length, int type) {
  for (ssize_t at = 0; at + (ssize_t)sizeof(struct nlmsghdr) <= length;) {
    struct nlmsghdr *message = (struct nlmsghdr *)(buffer + at);
    if (type == 0) message->nlmsg_flags |= NLM_F_DUMP_INTR;
    else if (message->nlmsg_type == type) *(int32_t *)NLMSG_DATA(message) = -fault->value;
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
}

static ssize_t refuse(void *buffer) {
  struct { struct nlmsghdr header; struct nlmsgerr error; } answer = {
    .header = {.nlmsg_len = sizeof answer, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = sequence},
    .error = {.error = -fault->value},
  };
  memcpy(buffer, &answer, sizeof answer);
  return sizeof answer;
}

ssize_t recv(int fd, void *buffer, size_t size, int flags) {
  if (fault->action == NONE || !is_netlink(fd)) return REAL(recv)(fd, buffer, size, flags);
  datagrams++;
  if (is_due_now(RECV)) {
    datagrams--; /* it is still to come */
    errno = fault->value;
    return -1;
  }
  if (is_due_now(CLOSED)) return 0;
  if (is_due_now(REFUSAL)) return refuse(buffer);
  ssize_t length = REAL(recv)(fd, buffer, size, flags);
  if (length <= 0) return length;
  if (is_due_now(CUT)) return length - 10;
  if (is_due_now(DONE_ERROR)) spoil(buffer, length, NLMSG_DONE);
  if (is_due_now(INTERRUPTED)) spoil(buffer, length, 0);
  return length;
}

ssize_t readlinkat(int fd, const char *path, char *buffer, size_t length) {
  if (fails(READLINK)) return -1;
  return REAL(readlinkat)(fd, path, buffer, length);
}

/* Only getdents64 is called this way. */
long syscall(long number, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, number);
  long a[6];
  for (int at = 0; at < 6; at++) a[at] = __builtin_va_arg(list, long);
  __builtin_va_end(list);
#ifdef __x86_64__
  if (number == 217 && fails(LIST)) return -1;
#else
  if (number == 61 && fails(LIST)) return -1;
#endif
  return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags) {
  if (fails(ACCEPT)) return -1;
  return REAL(accept4)(fd, address, length, flags);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict how, void *(*run)(void *), void *restrict with) {
  if (is_due(THREAD)) return fault->value;
  return REAL(pthread_create)(thread, how, run, with);
}

/* The time of day, moved by some seconds. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  static __typeof__(&clock_gettime) real;
  if (real == NULL) real = REAL(clock_gettime);
  int result = real(clock, now);
  if (result == 0 && fault->action == CLOCK && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += fault->value;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  static int (*real)(struct timeval *, void *);
  if (real == NULL) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(now, zone);
  if (result == 0 && fault->action == CLOCK) now->tv_sec += fault->value;
  return result;
}

time_t time(time_t *store) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (store != NULL) *store = now.tv_sec;
  return now.tv_sec;
}
