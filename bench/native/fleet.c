#include "fleet.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_PROCESSES = 1000, SPARE_DESCRIPTORS = 64, FILL = -1 };

static int commands[MOST_PROCESSES];
static pid_t members[MOST_PROCESSES];

static int processes_needed(const struct maker *maker, long total, int processes);
static void start_member(const struct maker *maker, const struct share *share, const char *name, int reply);
static void serve(const struct maker *maker, const struct share *share, int command, int reply);
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
    int thousandths;
    if (sscanf(line, "replace %d", &thousandths) != 1) continue;
    tell_all(processes, thousandths, reply[0]);
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
    else maker->replace(share, order);
    if (write(reply, "", 1) != 1) die("write");
  }
  _exit(0);
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
