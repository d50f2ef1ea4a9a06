/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who opens and closes TCP connections, and what becomes of them, in every network namespace: two programs on the tracepoint
 * sock:inet_sock_set_state that count in maps. Nothing waits, nothing is sent; the exporter reads the maps when it is scraped.
 *
 * The key of a connection is its cookie, a number that the kernel gives a socket once asked, never twice, and that its TIME_WAIT socket
 * inherits. Every map has a fixed size; what finds no place is counted as lost.
 *
 * From one object to another only by BPF_CORE_READ: for each pointer followed directly the verifier looks through all types of the kernel,
 * and loading takes 90 ms instead of 14.
 */
#include "kernel.h"

enum { ESTABLISHED = 1, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING };
enum { INET = 2, TCP = 6, PF_KTHREAD = 0x200000, SHUT_BOTH = 3, BY_ICMP = 2, BY_ICMP6 };
enum { E2BIG = 7, ENETUNREACH = 101, ECONNABORTED = 103, ETIMEDOUT = 110, ECONNREFUSED = 111, EHOSTUNREACH = 113 };

enum { OUTBOUND, INBOUND };
/* Why a connect() failed; of a connection that was there, how it ended; how long it lived: below 0.1, 1, 10, 60 seconds, and longer. */
enum { NO_PORT, PORT_IN_USE, REFUSED, TIMED_OUT, UNREACHABLE, ABANDONED, FAILED_OTHERWISE, FAILURES };
enum { ACTIVE, PASSIVE, ABORTED, RESET, BROKEN, ENDINGS };
#define AGES 5

/* Numbers of owners: of those that found no place, of nobody (a kernel thread, an interrupt), of processes. */
enum { OWNER_OTHER, OWNER_UNKNOWN, FIRST_OWNER };
/*
 * In the high byte of way.owner. When connect() was called, IS_BOUND: the socket had a port from bind(), of whoever's choice; IS_CLEAN:
 * no error was left at it by an earlier attempt.
 */
enum { IS_OUTBOUND = 1 << 24, IS_BOUND = 2 << 24, HAS_ENDED = 4 << 24, HAS_AGE = 8 << 24, IS_CLEAN = 16 << 24, OWNER_MASK = (1 << 24) - 1 };

#define WAYS 4
#define BUCKETS 65536
#define TIME_WAIT_MS 60000
#define FLOWS 8192
#define REST 2048
#define OVER 0x80000000 /* of a rank: nobody asks for the connection any more */

struct owner_key { char name[16]; __u64 cgroup; };
/* One connection. stamp_ms: when it was opened; once it has ended, when that was, or long ago where no TIME_WAIT follows. */
struct way { __u64 cookie; __u32 owner, stamp_ms; };
struct bucket { struct way ways[WAYS]; };
/*
 * address: OUTBOUND, of the peer, as v4-mapped where it is IPv4. netns: INBOUND, the number of the network namespace; so, too, with the
 * interface, of a link-local peer, which is another host behind another link.
 */
struct flow_key { __u32 owner; __u16 port; __u8 direction, zero; __u32 address[4], netns, interface; };
/* Its key is for the exporter, which reads all places one behind the other. */
struct flow { struct flow_key key; __u64 opened, failed[FAILURES], closed[ENDINGS], aged[AGES], age_ms; };
struct event { __u64 socket, state; };
/* new_flows, new_rest: places that were given for the first time. */
struct state { __u64 owners, lost_owners, lost_flows, lost_conns, interrupted, new_flows, new_rest; };

/* Read by the exporter through mmap. */
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, BUCKETS); __uint(map_flags, BPF_F_MMAPABLE); __type(key, __u32); __type(value, struct bucket); } tcpstate_conns SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8192); __type(key, struct owner_key); __type(value, __u32); } tcpstate_owners SEC(".maps");
/*
 * What was counted, read through mmap: a place for each flow, then for what does not fit there any more, by owner and direction, then for
 * what does not fit there either, by direction. flows and rest have the numbers of the places, free_f and free_r those that the exporter
 * gives back: it takes the key out of the map, and minutes later, when no program can hold the place any more, clears it.
 */
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, FLOWS + REST + 2); __uint(map_flags, BPF_F_MMAPABLE); __type(key, __u32); __type(value, struct flow); } tcpstate_counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, FLOWS); __type(key, struct flow_key); __type(value, __u32); } tcpstate_flows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, REST); __type(key, struct flow_key); __type(value, __u32); } tcpstate_rest SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, FLOWS); __type(value, __u32); } tcpstate_free_f SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, REST); __type(value, __u32); } tcpstate_free_r SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct state); } tcpstate_state SEC(".maps");
/* Whether owners takes no more; the exporter clears it when it has made room. */
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } tcpstate_full SEC(".maps");
/* What the first program handled last on each CPU. */
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct event); } tcpstate_last SEC(".maps");

char _license[] SEC("license") = "Dual BSD/GPL";

#define ADD(field, number) __sync_fetch_and_add(&(field), number)
#define COUNT(field) do { struct state *s = the_state(); if (s) ADD(s->field, 1); } while (0)

static __always_inline struct state *the_state(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&tcpstate_state, &zero);
}

/* Gives the process that runs now a number, by its name and cgroup. No number is given twice. */
static __noinline __u32 current_owner(void)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct owner_key key = {};
	__u32 zero = 0, *known, *is_full, id;
	struct state *s = the_state();
	if (task->flags & PF_KTHREAD) return OWNER_UNKNOWN;
	BPF_CORE_READ_INTO(&key.name, task, group_leader, comm); /* comm alone is the thread's */
	if (*(__u64 *)key.name == 0x657268546e69614d && *(__u32 *)(key.name + 8) == 0x6461) { /* "MainThread" of Node.js 24: its file */
		const unsigned char *file = BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name);
		__builtin_memset(key.name, 0, sizeof(key.name));
		bpf_probe_read_kernel_str(key.name, sizeof(key.name), file);
	}
	key.cgroup = bpf_get_current_cgroup_id();
	known = bpf_map_lookup_elem(&tcpstate_owners, &key);
	if (known) return *known;
	is_full = bpf_map_lookup_elem(&tcpstate_full, &zero);
	if (!s || !is_full) return OWNER_OTHER;
	if (!*is_full) {
		id = FIRST_OWNER + ADD(s->owners, 1);
		long error = id > OWNER_MASK ? -E2BIG : bpf_map_update_elem(&tcpstate_owners, &key, &id, BPF_NOEXIST);
		if (!error) return id;
		if (error == -E2BIG) *is_full = 1;
		known = bpf_map_lookup_elem(&tcpstate_owners, &key); /* another CPU was faster */
		if (known) return *known;
	}
	ADD(s->lost_owners, 1);
	return OWNER_OTHER;
}

static __always_inline struct flow *place_at(__u32 place) { return bpf_map_lookup_elem(&tcpstate_counts, &place); }

/* 0 if there is no place. Places `first` to `first + most - 1` are those of `map`. */
static __always_inline struct flow *flow_in(void *map, void *free, __u64 *given, __u32 first, __u32 most, struct flow_key *key)
{
	__u32 *known = bpf_map_lookup_elem(map, key), place;
	__u64 new = most;
	struct flow *flow;
	if (known) return place_at(*known);
	if (*given < most) new = ADD(*given, 1);
	if (new < most) place = first + new;
	else if (bpf_map_pop_elem(free, &place)) return 0;
	flow = place_at(place);
	if (!flow) return 0;
	flow->key = *key;
	if (!bpf_map_update_elem(map, key, &place, BPF_NOEXIST)) return flow;
	bpf_map_push_elem(free, &place, 0);
	known = bpf_map_lookup_elem(map, key); /* another CPU was faster */
	return known ? place_at(*known) : 0;
}

static __always_inline __u32 netns_of(struct sock *sk) { return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum); }

/* `owner`: with its flags. */
static __noinline struct flow *flow_of(struct sock *sk, __u32 owner)
{
	__u32 direction = owner & IS_OUTBOUND ? OUTBOUND : INBOUND;
	struct flow_key key = { .owner = owner & OWNER_MASK, .direction = direction };
	struct flow *flow;
	struct state *s = the_state();
	if (!s) return 0;
	if (direction == OUTBOUND) {
		key.port = __builtin_bswap16(sk->__sk_common.skc_dport);
		if (sk->__sk_common.skc_family == INET) {
			key.address[2] = 0xffff0000; /* ::ffff:0:0 in network order */
			key.address[3] = sk->__sk_common.skc_daddr;
		} else {
			for (int word = 0; word < 4; word++) key.address[word] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[word];
			if ((key.address[0] & 0xc0ff) == 0x80fe) { /* fe80::/10 in network order */
				key.netns = netns_of(sk);
				key.interface = sk->__sk_common.skc_bound_dev_if;
			}
		}
	} else {
		key.port = sk->__sk_common.skc_num; /* 0 once the socket is closed */
		if (!key.port) key.port = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
		key.netns = netns_of(sk);
	}
	flow = flow_in(&tcpstate_flows, &tcpstate_free_f, &s->new_flows, 0, FLOWS, &key);
	if (flow) return flow;
	ADD(s->lost_flows, 1);
	key = (struct flow_key){ .owner = owner & OWNER_MASK, .direction = direction };
	flow = flow_in(&tcpstate_rest, &tcpstate_free_r, &s->new_rest, FLOWS, REST, &key);
	if (flow) return flow;
	flow = place_at(FLOWS + REST + direction);
	if (flow) flow->key.direction = direction;
	return flow;
}

/*
 * Of an accepted connection the kernel keeps the interface through which the peer opened it, where sockets for multicast keep theirs, which
 * no program can set for TCP. Unlike the port's bucket it is still there when a reset has closed the socket.
 */
static __always_inline int is_accepted(struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;
	return sk->__sk_common.skc_family == INET ? BPF_CORE_READ(inet, mc_index) : BPF_CORE_READ(inet, pinet6, mcast_oif);
}

static __always_inline __u32 now_ms(void) { return bpf_ktime_get_ns() / 1000000; }

/* Read, not asked for: the helper would give every socket a cookie, and those that need none would halve the table. */
static __always_inline __u64 cookie_of(struct sock *sk) { return sk->__sk_common.skc_cookie.counter; }

static __always_inline struct way *find(__u64 cookie)
{
	__u32 at = cookie & (BUCKETS - 1);
	struct bucket *bucket = cookie ? bpf_map_lookup_elem(&tcpstate_conns, &at) : 0;
	if (bucket)
		for (int i = 0; i < WAYS; i++)
			if (bucket->ways[i].cookie == cookie) return &bucket->ways[i];
	return 0;
}

/* Cookies come in sequence, so that a bucket is needed again after as many sockets as there are buckets. */
static __always_inline void remember(struct sock *sk, __u32 owner)
{
	__u64 cookie = bpf_get_socket_cookie(sk), had;
	__u32 at = cookie & (BUCKETS - 1), now = now_ms(), highest = 0;
	struct bucket *bucket = bpf_map_lookup_elem(&tcpstate_conns, &at);
	struct way *victim = 0;
	if (!bucket) return;
	for (int i = 0; i < WAYS; i++) {
		struct way *way = &bucket->ways[i];
		__u32 age = now - way->stamp_ms, rank = age >> 1;
		if (way->cookie == cookie) rank = ~0u; /* connect() once more */
		else if (!way->cookie) rank = ~0u - 1;
		else if (way->owner & HAS_ENDED && age >= TIME_WAIT_MS) rank |= OVER;
		if (victim && rank <= highest) continue;
		victim = way;
		highest = rank;
	}
	had = victim->cookie;
	if (!(highest & OVER)) COUNT(lost_conns);
	if (__sync_val_compare_and_swap(&victim->cookie, had, cookie) != had) {
		COUNT(lost_conns);
		return;
	}
	victim->owner = owner;
	victim->stamp_ms = now;
}

/* Marks the connection as ended; `waits`: TIME_WAIT or LAST_ACK may follow. Returns its owner with the flags from before. */
static __always_inline __u32 end(struct way *way, int waits, __u32 *age)
{
	__u32 owner = __sync_fetch_and_or(&way->owner, HAS_ENDED), now = now_ms();
	if (owner & HAS_ENDED) return owner;
	*age = now - way->stamp_ms;
	way->stamp_ms = waits ? now : now - TIME_WAIT_MS;
	return owner;
}

static __always_inline void count_ending(struct flow *flow, __u32 ending, __u32 owner, __u32 age)
{
	ADD(flow->closed[ending], 1);
	if (!(owner & HAS_AGE)) return;
	ADD(flow->aged[age < 100 ? 0 : age < 1000 ? 1 : age < 10000 ? 2 : age < 60000 ? 3 : 4], 1);
	ADD(flow->age_ms, age);
}

/* connect(), close(), shutdown() and exit(): the process that runs is the one that calls. */
static __always_inline int called(struct sock *sk, int new)
{
	struct way *way;
	struct flow *flow;
	__u32 owner, age = 0;
	if (new == SYN_SENT) {
		int is_clean = !sk->sk_err_soft && !sk->sk_error_queue.qlen;
		owner = current_owner() | IS_OUTBOUND;
		remember(sk, owner | HAS_AGE | (sk->__sk_common.skc_num ? IS_BOUND : 0) | (is_clean ? IS_CLEAN : 0));
		flow = flow_of(sk, owner);
		if (flow) ADD(flow->opened, 1);
		return 0;
	}
	way = find(cookie_of(sk));
	owner = way ? way->owner : current_owner() | (is_accepted(sk) ? 0 : IS_OUTBOUND);
	if (new == FIN_WAIT1) {
		if (!way) remember(sk, owner);
		return 0;
	}
	if (way) owner = end(way, 1, &age);
	flow = flow_of(sk, owner);
	if (flow) count_ending(flow, PASSIVE, owner, age);
	return 0;
}

/*
 * What ICMP said of the first packet while connect() held the socket locked, as it does when a firewall of this host answers: the kernel
 * notes it apart from sk_err and goes on trying. getsockopt(SO_ERROR) takes the note away, but not the message that IPv4 has in the queue of
 * errors.
 */
static __always_inline int unheard_error_of(struct sock *sk)
{
	struct sk_buff *last;
	struct sock_exterr_skb *message;
	if (sk->sk_err_soft) return sk->sk_err_soft;
	if (!sk->sk_error_queue.qlen || !bpf_core_field_exists(struct sock_exterr_skb, ee)) return 0;
	last = BPF_CORE_READ(sk, sk_error_queue.prev);
	message = (void *)last + OFFSET(sk_buff, cb);
	__u8 origin = BPF_CORE_READ(message, ee.ee_origin);
	return origin == BY_ICMP || origin == BY_ICMP6 ? BPF_CORE_READ(message, ee.ee_errno) : 0;
}

static __always_inline int failure_of(struct sock *sk, __u32 owner, int error)
{
	if (!error && owner & IS_CLEAN) error = unheard_error_of(sk);
	if (error == ECONNREFUSED) return REFUSED;
	if (error == ETIMEDOUT) return TIMED_OUT;
	if (error == EHOSTUNREACH || error == ENETUNREACH) return UNREACHABLE;
	if (error) return FAILED_OTHERWISE;
	if (sk->sk_shutdown) return ABANDONED;
	/* connect() enters a socket into the table of connections, by a hash of both addresses, unless another one has them */
	if (owner & IS_BOUND) return sk->__sk_common.skc_hash ? FAILED_OTHERWISE : PORT_IN_USE;
	return BPF_CORE_READ((struct inet_sock *)sk, inet_sport) ? FAILED_OTHERWISE : NO_PORT;
}

/* tcp_time_wait() is the only way out of FIN_WAIT2 and CLOSING without an error. */
static __always_inline int ending_of(int old, int error)
{
	if (!error) return old == FIN_WAIT2 || old == CLOSING ? ACTIVE : ABORTED;
	return error == ETIMEDOUT ? BROKEN : error == ECONNABORTED ? ABORTED : RESET;
}

/* A connection was accepted, or is at its end. It is the peer or a timer that makes it so, in the context of whatever process, or close(). */
static __always_inline int answered(struct sock *sk, int old, int new)
{
	struct way *way = find(cookie_of(sk));
	__u32 owner, age = 0;
	struct flow *flow;
	int error = sk->sk_err, ending;
	if (new == ESTABLISHED) {
		flow = way ? 0 : flow_of(sk, OWNER_UNKNOWN); /* one that both ends opened is known */
		if (flow) ADD(flow->opened, 1);
		return 0;
	}
	ending = ending_of(old, error);
	if (way) {
		owner = end(way, ending == ACTIVE, &age);
		if (owner & HAS_ENDED) return 0;
	} else {
		int is_call = !error && sk->sk_shutdown == SHUT_BOTH && (old == ESTABLISHED || old == CLOSE_WAIT || old == SYN_SENT);
		owner = (is_call ? current_owner() : OWNER_UNKNOWN) | (is_accepted(sk) ? 0 : IS_OUTBOUND);
	}
	flow = flow_of(sk, owner);
	if (!flow) return 0;
	if (old == SYN_SENT) ADD(flow->failed[failure_of(sk, owner, error)], 1);
	else count_ending(flow, ending, owner, age);
	return 0;
}

static __always_inline int is_answer(int old, int new)
{
	if (new == ESTABLISHED) return old == SYN_RECV;
	return new == CLOSE && old != CLOSE && old != LISTEN && old != LAST_ACK && old != SYN_RECV;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpstate_events, struct sock *sk, int old, int new)
{
	int is_call = old != new && (new == SYN_SENT || new == FIN_WAIT1 || new == LAST_ACK);
	__u32 zero = 0;
	struct event *last;
	if ((!is_call && !is_answer(old, new)) || sk->sk_protocol != TCP) return 0;
	last = bpf_map_lookup_elem(&tcpstate_last, &zero);
	if (last) {
		last->socket = (__u64)sk;
		last->state = new;
	}
	return is_call ? called(sk, new) : answered(sk, old, new);
}

/*
 * Linux does not start a program that already runs on the CPU: an interrupt in the middle of tcpstate_events may close hundreds of
 * connections that it would not see. Those are handled here. What it has seen it has noted in tcpstate_last, which an interrupt between
 * the two programs overwrites: but a socket that a process holds locked is none that an interrupt works on, and tcpstate_events saw it.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpstate_again, struct sock *sk, int old, int new)
{
	__u32 zero = 0;
	struct event *last;
	if (!is_answer(old, new) || sk->sk_protocol != TCP || sk->sk_lock.owned) return 0;
	last = bpf_map_lookup_elem(&tcpstate_last, &zero);
	if (!last || (last->socket == (__u64)sk && last->state == new)) return 0;
	COUNT(interrupted);
	return answered(sk, old, new);
}
