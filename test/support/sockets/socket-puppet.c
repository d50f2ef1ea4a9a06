// A process that does with sockets what it is told: one command per line on standard input, one answer per line.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that was left behind ends by itself. */
enum { LIFE_SECONDS = 120, MOST = 1 << 16, DIRECT = 64, MOST_WORKERS = 64 };

struct work {
  char *name, *address;
  int port, fd;
  int ready[2];
};

static int crowd[MOST];
static int crowded;
static unsigned opened;

static int check(int result, const char *what) {
  if (result >= 0) return result;
  printf("error %s: %s\n", what, strerror(errno));
  fflush(stdout);
  exit(1);
}

static struct sockaddr_in to_address(const char *text, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, text, &address.sin_addr) != 1) errno = EINVAL, check(-1, text);
  return address;
}

static int open_listener(const char *text, int port) {
  struct sockaddr_in address = to_address(text, port);
  int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  int on = 1;
  check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  check(bind(fd, (struct sockaddr *)&address, sizeof address), "bind");
  check(listen(fd, 512), "listen");
  return fd;
}

static int open_connection(const char *text, int port) {
  struct sockaddr_in address = to_address(text, port);
  int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
  return fd;
}

/* ESTABLISHED at once, without a peer and without a packet. Each has another remote end. */
static int open_alone(const char *text) {
  struct sockaddr_in from = to_address(text, 20000 + opened % 40000);
  struct sockaddr_in to = to_address("10.200.0.0", 443);
  to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + opened / 40000);
  opened++;
  int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  int on = 1;
  check(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on), "TCP_REPAIR");
  check(bind(fd, (struct sockaddr *)&from, sizeof from), "bind");
  check(connect(fd, (struct sockaddr *)&to, sizeof to), "connect");
  return fd;
}

/* Closes every nth socket of the crowd and opens as many others; the order differs, so that the numbers do, too. */
static int renew(const char *text, int step) {
  static int phase;
  int renewed = 0;
  phase = (phase + 1) % step;
  for (int i = phase; i < crowded; i += step) close(crowd[i]);
  for (int i = phase; i < crowded; i += step, renewed++) crowd[i] = open_alone(text);
  return renewed;
}

/* A process with the same descriptors. With `pid` it gets that number, which must be free. */
static int split(const char *name, pid_t pid) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  if (pid > 0) arguments.set_tid = (uintptr_t)&pid, arguments.set_tid_size = 1;
  int ready[2];
  check(pipe(ready), "pipe");
  int child = check(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
  if (child == 0) {
    alarm(LIFE_SECONDS);
    prctl(PR_SET_NAME, name);
    check(write(ready[1], "", 1), "write");
    for (;;) pause();
  }
  char byte;
  check(read(ready[0], &byte, 1), "read");
  close(ready[0]);
  close(ready[1]);
  return child;
}

/* Runs a program in a child, which has the descriptors, too. */
static int start(const char *path) {
  int child = check(vfork(), "vfork"); /* goes on when the child has become the other program */
  if (child == 0) {
    execl(path, path, "120", NULL);
    _exit(127);
  }
  return child;
}

static void *run_thread(void *given) {
  struct work *work = given;
  prctl(PR_SET_NAME, work->name);
  work->fd = open_connection(work->address, work->port);
  check(write(work->ready[1], "", 1), "write");
  pause(); /* no signal has a handler: it does not return */
  return NULL;
}

static int open_in_thread(const char *name, const char *address, int port) {
  struct work *work = calloc(1, sizeof *work);
  work->name = strdup(name);
  work->address = strdup(address);
  work->port = port;
  check(pipe(work->ready), "pipe");
  pthread_t thread;
  errno = pthread_create(&thread, NULL, run_thread, work);
  if (errno != 0) check(-1, "pthread_create");
  char byte;
  check(read(work->ready[0], &byte, 1), "read");
  return work->fd;
}

static struct sockaddr_un to_mailbox(const char *name, socklen_t *length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t used = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
  *length = offsetof(struct sockaddr_un, sun_path) + 1 + used;
  return address;
}

static int open_mailbox(const char *name) {
  socklen_t length;
  struct sockaddr_un address = to_mailbox(name, &length);
  int box = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  check(bind(box, (struct sockaddr *)&address, length), "bind");
  check(listen(box, 1), "listen");
  return box;
}

static void pass(int fd, const char *name) {
  socklen_t length;
  struct sockaddr_un address = to_mailbox(name, &length);
  int box = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  check(connect(box, (struct sockaddr *)&address, length), "connect");
  char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  check(sendmsg(box, &message, 0), "sendmsg");
  close(box);
}

static int take(int box) {
  int from = check(accept(box, NULL, NULL), "accept");
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  check(recvmsg(from, &message, 0), "recvmsg");
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  close(from);
  return fd;
}

/* Makes the descriptor a direct one of a ring of io_uring, the same ring each time: /proc/PID/fd does not show it any more. */
static int enclose(int fd) {
  static int ring = -1;
  static unsigned used;
  if (ring < 0) {
    struct io_uring_params parameters = {0};
    int files[DIRECT];
    memset(files, -1, sizeof files);
    ring = check(syscall(SYS_io_uring_setup, 1, &parameters), "io_uring_setup");
    check(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, files, DIRECT), "IORING_REGISTER_FILES");
  }
  struct io_uring_files_update update = {.offset = used++ * 3 % DIRECT, .fds = (uintptr_t)&fd};
  check(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, &update, 1), "IORING_REGISTER_FILES_UPDATE");
  close(fd);
  return ring;
}

static void obey(char *line);

/* Threads that do what they are told through a pipe, and whether they have a table of descriptors of their own. */
static struct worker { pid_t tid; int commands, told, is_own; } workers[MOST_WORKERS];
static int worker_count;

static void *run_worker(void *given) {
  struct worker *worker = given;
  if (worker->is_own) check(unshare(CLONE_FILES), "unshare");
  worker->tid = gettid();
  FILE *commands = fdopen(worker->commands, "r");
  printf("%d\n", worker->tid);
  fflush(stdout);
  char line[1024];
  while (fgets(line, sizeof line, commands) != NULL) obey(line);
  return NULL;
}

/* The worker answers with its number. */
static void start_worker(int is_own) {
  int ends[2];
  struct worker *worker = &workers[worker_count++];
  check(pipe(ends), "pipe");
  *worker = (struct worker){.commands = ends[0], .told = ends[1], .is_own = is_own};
  pthread_t thread;
  errno = pthread_create(&thread, NULL, run_worker, worker);
  if (errno != 0) check(-1, "pthread_create");
}

/* The worker answers. Told by whoever has started it, or has a copy of the descriptors from then. */
static void tell_worker(pid_t tid, const char *line) {
  for (int i = 0; i < worker_count; i++)
    if (workers[i].tid == tid) {
      check(write(workers[i].told, line, strlen(line)), "write");
      return;
    }
  errno = ESRCH, check(-1, "worker");
}

static void obey(char *line) {
  char verb[32] = "", word[256] = "", other[256] = "";
  int number = 0;
  sscanf(line, "%31s %255s %255s %d", verb, word, other, &number);
#define IS(text) (strcmp(verb, text) == 0)
  if (IS("name")) printf("%d\n", check(prctl(PR_SET_NAME, word), "PR_SET_NAME"));
  else if (IS("listen")) printf("%d\n", open_listener(word, atoi(other)));
  else if (IS("connect")) printf("%d\n", open_connection(word, atoi(other)));
  else if (IS("accept")) printf("%d\n", check(accept(atoi(word), NULL, NULL), "accept"));
  else if (IS("move")) {
    printf("%d\n", check(dup2(atoi(word), atoi(other)), "dup2"));
    close(atoi(word));
  }
  else if (IS("close")) printf("%d\n", check(close(atoi(word)), "close"));
  else if (IS("crowd")) {
    for (int count = atoi(other); count > 0 && crowded < MOST; count--) crowd[crowded++] = open_alone(word);
    printf("%d\n", crowded);
  }
  else if (IS("renew")) printf("%d\n", renew(word, atoi(other)));
  else if (IS("split")) printf("%d\n", split(word, atoi(other)));
  else if (IS("start")) printf("%d\n", start(word));
  else if (IS("kill")) {
    check(kill(atoi(word), SIGKILL), "kill");
    siginfo_t info;
    printf("%d\n", check(waitid(P_PID, atoi(word), &info, WEXITED), "waitid"));
  }
  else if (IS("become")) {
    printf("0\n");
    fflush(stdout);
    check(execl(word, word, "120", NULL), "execl");
  }
  else if (IS("thread")) printf("%d\n", open_in_thread(word, other, number));
  else if (IS("worker")) start_worker(strcmp(word, "own") == 0);
  else if (IS("in")) tell_worker(atoi(word), strchr(line + strlen("in "), ' ') + 1);
  else if (IS("retire")) {
    printf("0\n");
    fflush(stdout);
    pthread_exit(NULL); /* the other threads go on */
  }
  else if (IS("mailbox")) printf("%d\n", open_mailbox(word));
  else if (IS("pass")) {
    pass(atoi(word), other);
    printf("0\n");
  }
  else if (IS("enclose")) printf("%d\n", enclose(atoi(word)));
  else if (IS("take")) printf("%d\n", take(atoi(word)));
  else printf("error unknown: %s\n", verb);
  fflush(stdout);
}

int main(int count, char **arguments) {
  close_range(3, ~0U, 0); /* whatever the test runner left open: which numbers are free decides where a search looks */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIFE_SECONDS);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (count > 1) prctl(PR_SET_NAME, arguments[1]);
  printf("ready\n");
  fflush(stdout);
  char line[1024];
  while (fgets(line, sizeof line, stdin) != NULL) obey(line);
  return 0;
}
