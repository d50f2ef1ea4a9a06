/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads the TCP sockets of the caller's network namespace, or of all, from the kernel's hash tables, a run of at most half a millisecond
 * at a time: what inet_diag tells, without its locks, references and messages, and some more (docs/sources-and-limits.md).
 *
 * Nothing is locked (RCU is held for a run). A reader without locks may step from one list into another when the socket it stands on is
 * freed and used again: each element must point back to the one before it, and a chain must end with its own number, else the
 * chain is read again.
 *
 * No address comes from user space, sizes come from inet_hashinfo, steps are limited for each chain and each run.
 */
#include "kernel.h"

#define MOST_ROWS 4096
#define MOST_STEPS 8192 /* of one chain of connections or listeners */
#define MOST_BOUND_STEPS 65536
#define MOST_TRIES 8
#define MOST_PORT_STEPS 65536
#define PORT_WORDS 1024 /* one bit for each port */
#define BUDGET_NS 400000
#define STEPS_PER_LOOK 64 /* at the clock */
#define BLOCK 64 /* buckets looked at together: most are empty */
#define CURSORS 8 /* lists of bound sockets gone through by turns: each step waits for memory, and so they wait together */
#define LISTENING_NULLS_BASE (1U << 29) /* include/net/inet_hashtables.h */

#define MOST_NAMESPACES 4096
#define EVERY_NAMESPACE (1U << 16) /* in request.states */

enum { CONNECTIONS, LISTENERS, BOUND, PORTS, NAMESPACES, RESERVED };
enum { FIN_WAIT1 = 4, FIN_WAIT2 = 5, TIME_WAIT = 6, CLOSE = 7, CLOSE_WAIT = 8, LAST_ACK = 9, LISTEN = 10, CLOSING = 11, NEW_SYN_RECV = 12, SYN_RECV = 3 };
#define CLOSING_STATES (1 << FIN_WAIT1 | 1 << FIN_WAIT2 | 1 << LAST_ACK | 1 << CLOSING) /* of sockets that a program may have closed */
enum { INET = 2, INET6 = 10 };
enum { TIMESTAMPS = 1, OWN_RANGE = 2, MINIMAL = 4, DUAL_STACK = 8 }; /* row.flags */

/* 64 bytes, read as 16 words by walk-rows.ts. */
struct row {
	__u16 local_port, remote_port; /* both in the machine's order */
	__u8 state, family;
	__u16 flags; /* MINIMAL: what is left of a socket, a TIME_WAIT one. TIMESTAMPS: its connection used them. OWN_RANGE: `more` has a range. DUAL_STACK: no IPV6_V6ONLY */
	__u32 inode;
	__s32 bound_interface;
	__u64 cgroup; /* MINIMAL: the socket's cookie */
	__u32 first, second; /* TIME_WAIT: jiffies left. CLOSE_WAIT: jiffies since the last ACK, address. LISTEN: queue, its limit. CLOSING_STATES: cookie */
	__u32 local[4], remote[4];
};

/* One network namespace, in place of a row. */
struct namespace {
	__u32 inum, range; /* ip_local_port_range, the last port in the high half; 0 = not known */
	__u32 reuse, timestamps, reuse_delay; /* tcp_tw_reuse, tcp_timestamps, tcp_tw_reuse_delay (0 = there is none) */
	__u32 table; /* namespaces with the same number have one table of connections */
	__u32 unused[10];
};

/* Where a walk of bound sockets is in one list, and goes on: numbers of this program's own, from the run before. */
struct position { __u64 bucket_node, bucket_link, sock_node, sock_link; };

struct output {
	__u32 busy, ticket, rows, next, buckets, restarts, failures, keepalive;
	__u32 jiffies, inum, steps, tries, others; /* others: rows of other namespaces */
	__u32 bound; /* the first bucket of bound sockets that no cursor has taken */
	__u32 idle; /* cursors in a row that had nothing left; here and not in a register, where each value is a state for the verifier */
	__u32 reserved[17];
	struct position position[CURSORS];
	__u64 links[2 * BLOCK];
	struct row row[MOST_ROWS];
	__u32 more[MOST_ROWS]; /* LISTEN: connections that it dropped. OWN_RANGE: IP_LOCAL_PORT_RANGE, the last port in the high half */
	__u64 ports[PORT_WORDS]; /* bit n: no connect() gets port n, whatever its destination. RESERVED: ip_local_reserved_ports */
	__u32 netns[MOST_ROWS]; /* EVERY_NAMESPACE: the namespace of each row, by its inum; 0 = the caller's */
	__u32 sent[MOST_ROWS]; /* CLOSE_WAIT: jiffies since the program last sent data */
};

/* Written by a run of the program, read through mmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct output);
} tcpstate_rows SEC(".maps");

/*
 * ticket: a number of the caller's, for it to see that the rows are its own. from: the bucket to begin with. states: bit n = state n.
 * namespace: inum of the one whose tables are read, 0 = the caller's.
 */
struct request { __u32 ticket, table, from, states, namespace; };

struct walk { __u64 net; __u32 states; __u64 jiffies, end_ns; };

char _license[] SEC("license") = "Dual BSD/GPL";

/* Failures of a run, bits of output.failures. */
enum { DISTURBED = 1, TOO_LONG = 2, NO_NAMESPACE = 4 };

/* A run reads the clock once: what has happened since then is no jiffy ago. */
static __always_inline __u32 jiffies_since(__u32 stamp, struct walk *walk)
{
	__u32 since = (__u32)walk->jiffies - stamp;
	return since > 0xffffff00 ? 0 : since;
}

static __always_inline void describe(struct row *row, __u32 *more, __u32 *sent, __u64 socket, __u8 state, struct walk *walk)
{
	struct sock *sk = CAST(sock, socket);
	if (bpf_core_field_exists(sk->sk_ino))
		row->inode = sk->sk_ino;
	else {
		__u64 file = LOAD(socket + OFFSET(sock, sk_socket));
		if (file) row->inode = CAST(socket_alloc, file)->vfs_inode.i_ino;
	}
	row->cgroup = sk->sk_cgrp_data.cgroup->kn->id;
	if (state == LISTEN) {
		row->first = sk->sk_ack_backlog;
		row->second = sk->sk_max_ack_backlog;
		*more = sk->sk_drops.counter;
		return;
	}
	struct inet_sock *inet = CAST(inet_sock, socket);
	if (bpf_core_field_exists(inet->local_port_range)) {
		__u32 range = inet->local_port_range;
		if (range) { *more = range; row->flags |= OWN_RANGE; }
	}
	if (state == CLOSE_WAIT) {
		row->first = jiffies_since(CAST(tcp_sock, socket)->rcv_tstamp, walk);
		row->second = socket >> 6;
		*sent = jiffies_since(CAST(tcp_sock, socket)->lsndtime, walk);
	} else if (1U << (state & 31) & CLOSING_STATES) {
		__u64 cookie = sk->__sk_common.skc_cookie.counter;
		row->first = cookie;
		row->second = cookie >> 32;
	}
}

/* Whether a socket or port of `net` is not asked for. Sets the number of a namespace that is not the caller's. */
static __always_inline int is_other(__u64 net, __u32 *inum, struct walk *walk)
{
	if (net == walk->net) return 0;
	if (!(walk->states & EVERY_NAMESPACE)) return 1;
	*inum = CAST(net, net)->ns.inum;
	return *inum == 0;
}

static __always_inline void note_namespace(struct output *out, __u32 number, __u32 inum, struct walk *walk)
{
	if (!(walk->states & EVERY_NAMESPACE)) return;
	out->netns[number & (MOST_ROWS - 1)] = inum;
	if (inum) out->others++;
}

static __always_inline void add(struct output *out, __u64 socket, struct walk *walk)
{
	struct sock_common *sc = CAST(sock_common, socket);
	__u8 state = sc->skc_state;
	__u16 family = sc->skc_family;
	__u32 inum = 0;
	if (is_other(LOAD(socket + OFFSET(sock_common, skc_net)), &inum, walk)) return;
	if (!(walk->states & (1U << (state & 31)))) return;
	if (family != INET && family != INET6) return;
	__u32 number = out->rows;
	if (number >= MOST_ROWS) { out->rows = MOST_ROWS + 1; return; }
	struct row *row = &out->row[number & (MOST_ROWS - 1)];
	row->local_port = sc->skc_num;
	row->remote_port = __builtin_bswap16(sc->skc_dport);
	row->family = family;
	row->flags = 0;
	row->inode = 0;
	row->bound_interface = sc->skc_bound_dev_if;
	row->cgroup = 0;
	row->first = row->second = 0;
	if (family == INET6) {
		if (state == LISTEN || state == CLOSE) row->flags = BPF_CORE_READ_BITFIELD(sc, skc_ipv6only) ? 0 : DUAL_STACK;
		for (int word = 0; word < 4; word++) {
			row->local[word] = sc->skc_v6_rcv_saddr.in6_u.u6_addr32[word];
			row->remote[word] = sc->skc_v6_daddr.in6_u.u6_addr32[word];
		}
	} else {
		row->local[0] = sc->skc_rcv_saddr;
		row->remote[0] = sc->skc_daddr;
	}
	if (state == TIME_WAIT) {
		struct inet_timewait_sock *tw = CAST(inet_timewait_sock, socket);
		__s64 left = tw->tw_timer.expires - walk->jiffies;
		row->first = left > 0 ? left : 0;
		row->cgroup = sc->skc_cookie.counter;
		row->flags = MINIMAL;
		if (CAST(tcp_timewait_sock, socket)->tw_ts_recent_stamp) row->flags |= TIMESTAMPS;
		state = tw->tw_substate; /* FIN_WAIT2 of a connection that nobody holds any more */
	} else if (state == NEW_SYN_RECV) state = SYN_RECV;
	else describe(row, &out->more[number & (MOST_ROWS - 1)], &out->sent[number & (MOST_ROWS - 1)], socket, state, walk);
	row->state = state;
	note_namespace(out, number, inum, walk);
	out->rows = number + 1;
}

/* One chain of connections or listeners, whole or not at all. `head`: where its first link is; `nulls`: its number. */
static __always_inline void read_chain(struct output *out, __u64 head, __u32 nulls, struct walk *walk)
{
	__u32 first = out->rows;
	__u64 link = head, node = LOAD(head);
	out->tries = 0;
	FOR(MOST_STEPS) {
		out->steps++;
		if (node & 1) {
			if (node >> 1 == nulls) return;
		} else if (PREVIOUS(node) == link) {
			if (out->rows <= MOST_ROWS) add(out, node - OFFSET(sock_common, skc_nulls_node), walk);
			link = node;
			node = LOAD(node);
			continue;
		}
		out->restarts++;
		out->rows = first;
		link = head;
		node = LOAD(head);
		if (++out->tries > MOST_TRIES) { out->failures |= DISTURBED; return; }
	}
	out->rows = MOST_ROWS + 1;
}

/*
 * Whether a whole block of chains is empty, the first of which has its link at `head`: most are, and one copy of all links is five times
 * as fast. The link of an empty chain is a nulls marker, whose lowest bit is set; in a table without them (`is_nulls`) a null pointer.
 */
static __always_inline int is_empty(struct output *out, __u64 head, __u32 stride, int is_nulls)
{
	__u64 *links = out->links, all = 1, any = 0;
	if (stride == 8) {
		if (bpf_probe_read_kernel(links, BLOCK * 8, (void *)head)) return 0;
#pragma unroll
		for (int each = 0; each < BLOCK; each++) { if (is_nulls) all &= links[each]; else any |= links[each]; barrier_var(all); }
	} else if (stride == 16) {
		if (bpf_probe_read_kernel(links, BLOCK * 16 - 8, (void *)head)) return 0;
#pragma unroll
		for (int each = 0; each < BLOCK; each++) { if (is_nulls) all &= links[each * 2]; else any |= links[each * 2]; barrier_var(all); }
	} else return 0;
	return is_nulls ? all : !any;
}

/* Chains from `from` on, until the rows are full or the time is over. */
static __always_inline void read_chains(struct output *out, __u64 base, __u32 stride, __u32 from, __u32 nulls, struct walk *walk)
{
	__u32 buckets = out->buckets;
	out->next = from;
	FOR(1 << 22) {
		__u32 bucket = out->next;
		if (bucket >= buckets) return;
		__u64 head = base + (__u64)bucket * stride;
		if (bucket % BLOCK == 0) {
			if (bpf_ktime_get_ns() > walk->end_ns) return;
			if (bucket + BLOCK <= buckets && is_empty(out, head, stride, 1)) { out->next = bucket + BLOCK; continue; }
		}
		if (LOAD(head) & 1) { out->next = bucket + 1; continue; }
		__u32 first = out->rows;
		read_chain(out, head, nulls + bucket, walk);
		if (out->rows > MOST_ROWS) {
			out->rows = first;
			if (first == 0) out->failures |= TOO_LONG;
			return; /* the next run begins with this chain */
		}
		if (out->failures) return;
		out->next = bucket + 1;
	}
}

/* Bound sockets: buckets hold addresses and ports, each of which holds the sockets that have it, connections included. */
static __always_inline void read_bound(struct output *out, __u64 base, __u32 from, struct walk *walk)
{
	__u64 in_list = OFFSET(sock_common, skc_bind_node);
	__u32 stride = bpf_core_type_size(struct inet_bind_hashbucket);
	struct sock *sk = 0;
	if (bpf_core_field_exists(sk->sk_bind2_node)) in_list = OFFSET(sock, sk_bind2_node);
	if (from == 0) {
		out->bound = 0;
		for (int each = 0; each < CURSORS; each++) out->position[each].bucket_node = out->position[each].sock_node = 0;
	}
	out->next = 1; /* not at the end yet */
	out->idle = 0;
	FOR(MOST_BOUND_STEPS) {
		__u32 step = out->steps++;
		struct position *at = &out->position[step & (CURSORS - 1)];
		if (out->rows >= MOST_ROWS) return;
		if (step % STEPS_PER_LOOK == STEPS_PER_LOOK - 1 && bpf_ktime_get_ns() > walk->end_ns) return;
		if (at->sock_node || at->bucket_node || out->bound < out->buckets) out->idle = 0;
		else if (++out->idle < CURSORS) continue;
		else { out->next = out->buckets; return; }
		if (at->sock_node) {
			__u64 node = at->sock_node;
			if (PREVIOUS(node) != at->sock_link) { out->failures |= DISTURBED; return; }
			if (CAST(sock_common, node - in_list)->skc_state == CLOSE) add(out, node - in_list, walk);
			at->sock_link = node;
			at->sock_node = LOAD(node);
		} else if (at->bucket_node) {
			__u64 node = at->bucket_node, bucket = node - OFFSET(inet_bind2_bucket, node);
			if (PREVIOUS(node) != at->bucket_link) { out->failures |= DISTURBED; return; }
			at->bucket_link = node;
			at->bucket_node = LOAD(node);
			__u32 inum = 0;
			if (is_other(LOAD(bucket + OFFSET(inet_bind2_bucket, ib_net)), &inum, walk)) continue;
			at->sock_link = bucket + OFFSET(inet_bind2_bucket, owners);
			at->sock_node = LOAD(at->sock_link);
		} else {
			__u32 bucket = out->bound;
			__u64 head = base + (__u64)bucket * stride;
			if (bucket % BLOCK == 0 && bucket + BLOCK <= out->buckets && is_empty(out, head, stride, 0)) {
				out->bound = bucket + BLOCK;
				continue;
			}
			at->bucket_link = head;
			at->bucket_node = LOAD(head);
			out->bound = bucket + 1;
		}
	}
}

/*
 * Ports that a connect() without a port of its own passes over: those whose bucket a bind() has made or changed, as in
 * __inet_hash_connect() of net/ipv4/inet_hashtables.c. A chain may be read twice: a port has one bit. Those of other namespaces are rows.
 */
static __always_inline void read_ports(struct output *out, __u64 base, __u32 from, struct walk *walk)
{
	__u32 stride = bpf_core_type_size(struct inet_bind_hashbucket);
	__u64 link = 0, node = 0;
	out->next = 0;
	FOR(PORT_WORDS) {
		__u32 word = out->next;
		out->ports[word & (PORT_WORDS - 1)] = 0;
		out->next = word + 1;
	}
	out->next = from;
	out->tries = 0;
	FOR(MOST_PORT_STEPS) {
		__u32 step = out->steps++;
		__u32 bucket = out->next;
		if (step % STEPS_PER_LOOK == STEPS_PER_LOOK - 1 && bpf_ktime_get_ns() > walk->end_ns) break;
		if (node) {
			__u64 holder = node - OFFSET(inet_bind_bucket, node);
			struct inet_bind_bucket *held = CAST(inet_bind_bucket, holder);
			if (PREVIOUS(node) != link) {
				if (++out->tries > MOST_TRIES) { out->failures |= DISTURBED; return; }
				node = 0;
				continue;
			}
			__u32 inum = 0;
			if ((held->fastreuse >= 0 || held->fastreuseport >= 0) && !is_other(LOAD(holder + OFFSET(inet_bind_bucket, ib_net)), &inum, walk)) {
				__u16 port = held->port;
				__u32 number = out->rows;
				if (!inum) out->ports[port >> 6] |= 1ULL << (port & 63);
				else if (number >= MOST_ROWS) break;
				else {
					out->row[number & (MOST_ROWS - 1)].local_port = port;
					note_namespace(out, number, inum, walk);
					out->rows = number + 1;
				}
			}
			link = node;
			node = LOAD(node);
			if (!node) { out->next = bucket + 1; out->tries = 0; }
			continue;
		}
		if (bucket >= out->buckets) return;
		__u64 head = base + (__u64)bucket * stride;
		if (bucket % BLOCK == 0 && bucket + BLOCK <= out->buckets && is_empty(out, head, stride, 0)) {
			out->next = bucket + BLOCK;
			continue;
		}
		link = head;
		node = LOAD(head);
		if (!node) out->next = bucket + 1;
	}
	if (out->next == from) out->failures |= TOO_LONG; /* else the next run begins with this chain */
}

/*
 * The network namespaces of the host, from the caller's on, or (`inum`) the one with that number, which is returned. What is no namespace
 * but the list's head has other operations.
 */
static __always_inline __u64 find_namespaces(struct output *out, __u64 own, __u32 inum)
{
	struct net *known = 0;
	if (!bpf_core_field_exists(known->ns.ops)) return 0;
	__u64 in_list = OFFSET(net, list), operations = LOAD(own + OFFSET(net, ns.ops)), at = own;
	FOR(MOST_NAMESPACES) {
		if (LOAD(at + OFFSET(net, ns.ops)) == operations) {
			struct net *net = CAST(net, at);
			__u32 number = out->rows;
			if (inum) {
				if (net->ns.inum == inum) return at;
			} else {
				struct namespace *row = (void *)&out->row[number & (MOST_ROWS - 1)];
				row->inum = net->ns.inum;
				row->range = bpf_core_field_exists(net->ipv4.ip_local_ports.range) ? net->ipv4.ip_local_ports.range : 0;
				row->reuse = net->ipv4.sysctl_tcp_tw_reuse;
				row->timestamps = net->ipv4.sysctl_tcp_timestamps;
				row->reuse_delay = bpf_core_field_exists(net->ipv4.sysctl_tcp_tw_reuse_delay) ? net->ipv4.sysctl_tcp_tw_reuse_delay : 0;
				row->table = LOAD(LOAD(at + OFFSET(net, ipv4.tcp_death_row.hashinfo)) + OFFSET(inet_hashinfo, ehash)) >> 6;
				out->rows = number + 1;
			}
		}
		at = LOAD(at + in_list) - in_list;
		if (at == own) return 0;
	}
	return 0;
}

static __always_inline void read_table(struct output *out, struct request *request)
{
	__u32 from = request->from, table = request->table;
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 net = LOAD((__u64)task->nsproxy + OFFSET(nsproxy, net_ns));
	if (!net) { out->failures = NO_NAMESPACE; return; }
	struct walk walk = { .net = net, .states = request->states, .jiffies = bpf_jiffies64(), .end_ns = bpf_ktime_get_ns() + BUDGET_NS };
	out->jiffies = walk.jiffies;
	out->inum = CAST(net, net)->ns.inum;
	out->keepalive = CAST(net, net)->ipv4.sysctl_tcp_keepalive_time;
	__u64 asked = net;
	if (table == NAMESPACES) { find_namespaces(out, net, 0); return; }
	if (request->namespace) asked = find_namespaces(out, net, request->namespace);
	if (!asked) { out->failures = NO_NAMESPACE; return; }
	if (table == RESERVED) {
		if (bpf_probe_read_kernel(out->ports, sizeof(out->ports), (void *)LOAD(asked + OFFSET(net, ipv4.sysctl_local_reserved_ports))))
			out->failures = NO_NAMESPACE;
		return;
	}
	__u64 tables = LOAD(asked + OFFSET(net, ipv4.tcp_death_row.hashinfo));
	struct inet_hashinfo *info = CAST(inet_hashinfo, tables);
	if (table == CONNECTIONS) {
		out->buckets = info->ehash_mask + 1;
		read_chains(out, LOAD(tables + OFFSET(inet_hashinfo, ehash)) + OFFSET(inet_ehash_bucket, chain), bpf_core_type_size(struct inet_ehash_bucket), from, 0, &walk);
	} else if (table == LISTENERS) {
		out->buckets = info->lhash2_mask + 1;
		read_chains(out, LOAD(tables + OFFSET(inet_hashinfo, lhash2)) + OFFSET(inet_listen_hashbucket, nulls_head), bpf_core_type_size(struct inet_listen_hashbucket), from, LISTENING_NULLS_BASE, &walk);
	} else if (table == PORTS) {
		out->buckets = info->bhash_size;
		read_ports(out, LOAD(tables + OFFSET(inet_hashinfo, bhash)) + OFFSET(inet_bind_hashbucket, chain), from, &walk);
	} else {
		out->buckets = info->bhash_size;
		walk.states = 1 << CLOSE | (walk.states & EVERY_NAMESPACE);
		read_bound(out, LOAD(tables + OFFSET(inet_hashinfo, bhash2)) + OFFSET(inet_bind_hashbucket, chain), from, &walk);
	}
}

/* Returns 0, or -16 (EBUSY) when another thread's run is under way. */
SEC("syscall") int tcpstate_walk(struct request *request)
{
	__u32 zero = 0;
	struct output *out = bpf_map_lookup_elem(&tcpstate_rows, &zero);
	if (!out) return -1;
	if (__sync_val_compare_and_swap(&out->busy, 0, 1) != 0) return -16;
	out->ticket = request->ticket;
	out->rows = out->steps = out->restarts = out->failures = out->buckets = out->next = out->others = 0;
	bpf_rcu_read_lock();
	read_table(out, request);
	bpf_rcu_read_unlock();
	__sync_val_compare_and_swap(&out->busy, 1, 0);
	return 0;
}
