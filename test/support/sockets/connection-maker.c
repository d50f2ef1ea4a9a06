// Opens and closes connections in ways that the kernel handles differently, under a name, and prints what came of each.
//   serve NAME ADDRESS PORT FIRST        accepts until it is killed; FIRST: who closes first, `server` or `client`; `reset`: the server, with a reset
//   call NAME ADDRESS PORT COUNT HOW     prints "ok N", "error ERRNO N" for each errno, "port N" for each local port; HOW:
//     close       closes at once
//     wait        waits for the peer to close first
//     shut        shutdown(), waits for the peer, then closes
//     reset       closes with a reset (SO_LINGER 0)
//     keep        prints, then keeps all open until it is killed
//     abandon     does not wait for the answer, closes
//     impatient   waits for half a second (TCP_USER_TIMEOUT)
//     fork        a child called NAME-child inherits the descriptor and closes it last
//     pass        sends the descriptor (SCM_RIGHTS) to a process called NAME-child, which never had it, and closes it last
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

static int is(const char *word) { return !strcmp(how, word); }

static int serve(int family)
{
	struct linger linger = { 1, 0 };
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
			if (fd >= 0 && is("reset")) setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
			if (fd >= 0 && !is("client")) close(fd);
			else if (fd >= 0) {
				event.data.fd = fd;
				epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
			}
		}
	}
}

static void wait_for_end(int fd)
{
	char bytes[64];
	while (read(fd, bytes, sizeof(bytes)) > 0) ;
}

// Calls `act` in a child called NAME-child. `channel`: both ends of a socket pair, the second one for the child.
static pid_t start_child(int channel[2], void (*act)(int channel, int fd), int fd)
{
	char child[16], byte;
	socketpair(AF_UNIX, SOCK_STREAM, 0, channel);
	pid_t pid = fork();
	if (pid) {
		close(channel[1]);
		read(channel[0], &byte, 1); // it has its name
		return pid;
	}
	close(channel[0]);
	snprintf(child, sizeof(child), "%s-child", name);
	prctl(PR_SET_NAME, child);
	write(channel[1], "n", 1);
	act(channel[1], fd);
	_exit(0);
}

static void close_last(int channel, int fd)
{
	char byte;
	read(channel, &byte, 1);
	close(fd);
}

static void inherit(int fd)
{
	int channel[2];
	pid_t pid = start_child(channel, close_last, fd);
	close(fd);
	write(channel[0], "c", 1);
	waitpid(pid, 0, 0);
	close(channel[0]);
}

// One descriptor, as man 7 unix has it.
union control { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr header; };

static void receive_all(int channel, int unused)
{
	union control control;
	char byte;
	struct iovec data = { &byte, 1 };
	for (;;) {
		struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
		if (recvmsg(channel, &message, 0) <= 0) return;
		close_last(channel, *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message)));
		write(channel, "d", 1);
	}
}

static int receiver[2];

static void pass(int fd)
{
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	char byte = 'f';
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	*(int *)CMSG_DATA(&control.header) = fd;
	sendmsg(receiver[0], &message, 0);
	close(fd);
	write(receiver[0], "c", 1);
	read(receiver[0], &byte, 1); // it is done
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
	else if (is("fork")) inherit(fd);
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
	how = words[count - 1];
	if (!strcmp(words[1], "serve")) return serve(family);
	long calls = atol(words[5]);
	ports = calloc(calls, sizeof(int));
	if (is("pass")) start_child(receiver, receive_all, -1);
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
