#include "fleet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PROCESSES = 1000, SPARE_DESCRIPTORS = 64 };
/** Orders: thousandths to be replaced; FILL; or NO_CHURN less so many sockets that are replaced in each second from now on. */
enum { FILL = -1, NO_CHURN = -2 };
/** Milliseconds between two looks at the clock of a process that replaces sockets all the time. */
enum { CHURN_EVERY_MS = 10 };

static int commands[MOST_PROCESSES];
static pid_t members[MOST_PROCESSES];

static int processes_needed(const struct maker *maker, long total, int processes);
static void start_member(const struct maker *maker, const struct share *share, const char *name, int reply);
static void serve(const struct maker *maker, const struct share *share, int command, int reply);
static void churn(const struct maker *maker, const struct share *share, int command, long each_second);
static void tell_all(int processes, int order, int replies);
static void on_death(int signal);
static void end_fleet(int processes);

int run_fleet(const struct maker *maker, long total, int wanted, long peers, const char *name, int first_port) {
  int reply[2];
  int processes = processes_needed(maker, total, wanted);
  if (pipe(reply) < 0) die("pipe");
  signal(SIGCHLD, on_death);
  for (int index = 0; index < processes; index++) {
    long count = total / processes + (index < total % processes);
    struct share share = {index, processes, count, peers > 0 ? peers : 1, first_port + index};
    start_member(maker, &share, name, reply[1]);
  }
  close(reply[1]);
  tell_all(processes, FILL, reply[0]);
  printf("ready %d\n", processes);
  fflush(stdout);
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    int order, each_second;
    if (sscanf(line, "churn %d", &each_second) == 1 && maker->renew != NULL)
      order = NO_CHURN - (each_second + processes - 1) / processes;
    else if (sscanf(line, "replace %d", &order) != 1) continue;
    tell_all(processes, order, reply[0]);
    printf("done\n");
    fflush(stdout);
  }
  end_fleet(processes);
  return 0;
}

/** Raises the limit on descriptors as far as it goes; what is still missing is made up by more processes. */
static int processes_needed(const struct maker *maker, long total, int processes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) die("getrlimit");
  rlim_t need = (rlim_t)(total / processes + 1) * maker->descriptors + SPARE_DESCRIPTORS;
  struct rlimit raised = {need, need > limit.rlim_max ? need : limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) die("setrlimit");
    long each = ((long)limit.rlim_max - SPARE_DESCRIPTORS) / (maker->descriptors > 0 ? maker->descriptors : 1);
    while (total / processes + 1 > each) processes++;
  }
  if (processes > MOST_PROCESSES) {
    fprintf(stderr, "sockets: %ld sockets would take %d processes here\n", total, processes);
    exit(1);
  }
  return processes;
}

static void start_member(const struct maker *maker, const struct share *share, const char *name, int reply) {
  int command[2];
  if (pipe(command) < 0) die("pipe");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    char own_name[16];
    snprintf(own_name, sizeof own_name, "%.12s-%02d", name, share->index);
    prctl(PR_SET_NAME, own_name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_DFL);
    for (int other = 0; other < share->index; other++) close(commands[other]);
    close(command[1]);
    close(STDIN_FILENO);
    serve(maker, share, command[0], reply);
  }
  close(command[0]);
  commands[share->index] = command[1];
  members[share->index] = pid;
}

static void serve(const struct maker *maker, const struct share *share, int command, int reply) {
  int order;
  while (read(command, &order, sizeof order) == sizeof order) {
    if (order == FILL) maker->fill(share);
    else if (order >= 0) maker->replace(share, order);
    if (write(reply, "", 1) != 1) die("write");
    if (order < NO_CHURN) churn(maker, share, command, NO_CHURN - order);
  }
  _exit(0);
}

/** Until the next order comes. */
static void churn(const struct maker *maker, const struct share *share, int command, long each_second) {
  struct pollfd next = {.fd = command, .events = POLLIN};
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long done = 0, due; poll(&next, 1, CHURN_EVERY_MS) == 0; done = due) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    long ms = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
    due = ms * each_second / 1000;
    maker->renew(share, due - done);
  }
}

/** Gives every process an order and waits until all have carried it out. */
static void tell_all(int processes, int order, int replies) {
  for (int index = 0; index < processes; index++) {
    if (write(commands[index], &order, sizeof order) != sizeof order) die("write");
  }
  char answers[MOST_PROCESSES];
  for (int missing = processes; missing > 0;) {
    ssize_t count = read(replies, answers, missing);
    if (count <= 0) die("read");
    missing -= count;
  }
}

/** A process that ends early has said why on standard error. */
static void on_death(int signal) {
  (void)signal;
  _exit(1);
}

/** Returns when the last socket is closed, which takes a while. */
static void end_fleet(int processes) {
  signal(SIGCHLD, SIG_DFL);
  for (int index = 0; index < processes; index++) close(commands[index]);
  for (int index = 0; index < processes; index++) waitpid(members[index], NULL, 0);
}
