/*
 * Starts a program as a container runtime does once the namespaces are made: the last steps of runc's init
 * (finalizeNamespace in libcontainer/init_linux.go), in its order. Usage:
 *   container-start ROOT UID KEPT PERMITTED NO_NEW_PRIVS PROGRAM ARGUMENT…
 * KEPT and PERMITTED are capability masks in hex: the bounding set, and what the process holds right before execve().
 * containerd and CRI-O give both the same mask whatever the user is, Docker leaves PERMITTED empty for users other than root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void check(int result, const char *call) {
  if (result == 0) return;
  fprintf(stderr, "container-start: %s: %s\n", call, strerror(errno));
  exit(125);
}

static void set_capabilities(unsigned long long mask) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  for (int word = 0; word < 2; word++) data[word].effective = data[word].permitted = (unsigned)(mask >> (32 * word));
  check((int)syscall(SYS_capset, &header, data), "capset");
}

int main(int argc, char **argv) {
  if (argc < 7) return 125;
  unsigned uid = (unsigned)atoi(argv[2]);
  unsigned long long kept = strtoull(argv[3], NULL, 16);
  unsigned long long permitted = strtoull(argv[4], NULL, 16);
  check(chroot(argv[1]), "chroot");
  check(chdir("/"), "chdir");
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
    if ((kept >> capability & 1) == 0) check(prctl(PR_CAPBSET_DROP, capability), "drop from the bounding set");
  check(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
  check(setgroups(0, NULL), "setgroups");
  check(setresgid(uid, uid, uid), "setresgid");
  check(setresuid(uid, uid, uid), "setresuid");
  check(prctl(PR_SET_KEEPCAPS, 0), "PR_SET_KEEPCAPS");
  set_capabilities(permitted);
  if (strcmp(argv[5], "yes") == 0) check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
  execvp(argv[6], argv + 6);
  fprintf(stderr, "container-start: exec %s: %s\n", argv[6], strerror(errno));
  return 126;
}
