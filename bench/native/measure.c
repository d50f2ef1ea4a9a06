// Runs a command, its output thrown away, and prints what it cost: CPU µs (user and system), wall µs, peak RSS in KiB.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void run(char **command) {
  int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  execvp(command[0], command);
  perror(command[0]);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  long wall = wall_us();
  pid_t pid = fork();
  if (pid < 0) return 1;
  if (pid == 0) run(argv + 1);
  int status;
  struct rusage usage;
  if (wait4(pid, &status, 0, &usage) < 0) return 1;
  wall = wall_us() - wall;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s failed with status %d\n", argv[1], status);
    return 1;
  }
  long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  printf("%ld %ld %ld\n", cpu, wall, usage.ru_maxrss);
  return 0;
}
