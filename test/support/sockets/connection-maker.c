// Opens and closes connections in ways that the kernel handles differently, under a name, and prints what came of each.
//   serve NAME ADDRESS PORT FIRST        accepts until it is killed; FIRST: who closes first, `server` or `client`
//   call NAME ADDRESS PORT COUNT HOW     prints "ok N", "error ERRNO N" for each errno, "port N" for each local port; HOW:
//     close       closes at once
//     wait        waits for the peer to close first
//     shut        shutdown(), waits for the peer, then closes
//     reset       closes with a reset (SO_LINGER 0)
//     keep        prints, then keeps all open until it is killed
//     abandon     does not wait for the answer, closes
//     impatient   waits for half a second (TCP_USER_TIMEOUT)
//     pass        a child called NAME-child has the last descriptor and closes it
//     exec        becomes a program called NAME-next, which ends with them open
//     threads     four threads with names of their own
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_storage address;
static socklen_t length;
static const char *name, *how;
static long ok, errors[200];
static int *ports;

static int parse(const char *text, int port)
{
	struct sockaddr_in *v4 = (void *)&address;
	struct sockaddr_in6 *v6 = (void *)&address;
	if (strchr(text, ':')) {
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		inet_pton(AF_INET6, text, &v6->sin6_addr);
		length = sizeof(*v6);
		return AF_INET6;
	}
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, text, &v4->sin_addr);
	length = sizeof(*v4);
	return AF_INET;
}

static int serve(int family, int closes_first)
{
	struct epoll_event event = { .events = EPOLLIN }, events[64];
	int one = 1, listener = socket(family, SOCK_STREAM, 0), epoll = epoll_create1(0);
	char bytes[256];
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&address, length) || listen(listener, 4096)) return 1;
	puts("listening");
	fflush(stdout);
	event.data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, 64, -1);
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;
			if (fd != listener) {
				if (read(fd, bytes, sizeof(bytes)) <= 0) close(fd);
				continue;
			}
			fd = accept(listener, 0, 0);
			if (fd >= 0 && closes_first) close(fd);
			else if (fd >= 0) {
				event.data.fd = fd;
				epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
			}
		}
	}
}

static int is(const char *word) { return !strcmp(how, word); }

static void wait_for_end(int fd)
{
	char bytes[64];
	while (read(fd, bytes, sizeof(bytes)) > 0) ;
}

static void pass(int fd)
{
	char child[16];
	pid_t pid = fork();
	if (pid == 0) {
		snprintf(child, sizeof(child), "%s-child", name);
		prctl(PR_SET_NAME, child);
		usleep(20000); // the parent closes its own descriptor first
		close(fd);
		_exit(0);
	}
	close(fd);
	waitpid(pid, 0, 0);
}

static void call(int family)
{
	struct linger linger = { 1, 0 };
	struct sockaddr_storage own;
	socklen_t own_length = sizeof(own);
	int half_second = 500;
	int fd = socket(family, SOCK_STREAM | (is("abandon") ? SOCK_NONBLOCK : 0), 0);
	if (is("impatient")) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &half_second, sizeof(half_second));
	if (connect(fd, (void *)&address, length)) {
		__sync_fetch_and_add(&errors[errno], 1);
		close(fd);
		return;
	}
	getsockname(fd, (void *)&own, &own_length);
	ports[__sync_fetch_and_add(&ok, 1)] = ntohs(((struct sockaddr_in *)&own)->sin_port);
	if (is("wait")) wait_for_end(fd);
	if (is("shut")) {
		shutdown(fd, SHUT_WR);
		wait_for_end(fd);
	}
	if (is("reset")) setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (is("pass")) pass(fd);
	else if (!is("keep") && !is("exec")) close(fd);
}

static void *call_often(void *arguments)
{
	long *each = arguments;
	char thread[16];
	snprintf(thread, sizeof(thread), "thread-%ld", each[1]);
	prctl(PR_SET_NAME, thread);
	for (long i = 0; i < each[0]; i++) call(each[2]);
	return 0;
}

static void report(void)
{
	printf("ok %ld\n", ok);
	for (int i = 0; i < 200; i++)
		if (errors[i]) printf("error %d %ld\n", i, errors[i]);
	for (long i = 0; i < ok; i++) printf("port %d\n", ports[i]);
	puts("end");
	fflush(stdout);
}

int main(int count, char **words)
{
	signal(SIGPIPE, SIG_IGN);
	if (count == 2) { // after exec: with the descriptors of the program before
		prctl(PR_SET_NAME, words[1]);
		return 0;
	}
	if (count < 6) return 2;
	name = words[2];
	prctl(PR_SET_NAME, name);
	int family = parse(words[3], atoi(words[4]));
	if (!strcmp(words[1], "serve")) return serve(family, !strcmp(words[5], "server"));
	long calls = atol(words[5]);
	how = words[6];
	ports = calloc(calls, sizeof(int));
	if (is("threads")) {
		pthread_t threads[4];
		long each[4][3];
		for (long i = 0; i < 4; i++) {
			each[i][0] = calls / 4;
			each[i][1] = i;
			each[i][2] = family;
			pthread_create(&threads[i], 0, call_often, each[i]);
		}
		for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
	} else
		for (long i = 0; i < calls; i++) call(family);
	report();
	if (is("keep")) pause();
	if (is("exec")) {
		char next[16];
		snprintf(next, sizeof(next), "%s-next", name);
		execl("/proc/self/exe", words[0], next, (char *)0);
	}
	return 0;
}
