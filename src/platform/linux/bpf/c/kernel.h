/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types, as far as the programs read them. Fields are found by name on the machine that runs them (CO-RE), so that only
 * names and nesting matter here: neither order nor size. No vmlinux.h: the object depends on clang and libbpf's headers only.
 */
#pragma once
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { int counter; } atomic_t;
typedef struct { __s64 counter; } atomic64_t;
struct timespec64 { long long tv_sec; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_nulls_node { struct hlist_nulls_node *next, **pprev; };
struct hlist_nulls_head { struct hlist_nulls_node *first; };

struct inet_ehash_bucket { struct hlist_nulls_head chain; };
struct inet_listen_hashbucket { struct hlist_nulls_head nulls_head; };
struct inet_bind_hashbucket { struct hlist_head chain; };
struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	unsigned int ehash_mask;
	struct inet_bind_hashbucket *bhash, *bhash2;
	unsigned int bhash_size;
	struct inet_listen_hashbucket *lhash2;
	unsigned int lhash2_mask;
};

struct list_head { struct list_head *next, *prev; };
struct proc_ns_operations {};
struct ns_common { unsigned int inum; const struct proc_ns_operations *ops; };
struct local_ports { __u32 range; }; /* since 6.8; before it the field is an array */
struct inet_timewait_death_row { struct inet_hashinfo *hashinfo; };
struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
	int sysctl_tcp_keepalive_time;
	struct local_ports ip_local_ports;
	unsigned char sysctl_tcp_tw_reuse, sysctl_tcp_timestamps;
	unsigned int sysctl_tcp_tw_reuse_delay; /* since 6.14 */
	unsigned long *sysctl_local_reserved_ports;
};
struct net {
	struct list_head list; /* of all of them */
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};
struct nsproxy { struct net *net_ns; };
struct qstr { const unsigned char *name; };
struct dentry { struct qstr d_name; };
struct path { struct dentry *dentry; };
struct inode { unsigned short i_mode; unsigned long i_ino; };
struct file { struct path f_path; struct inode *f_inode; };
struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *open_fds; };
struct files_struct { struct fdtable *fdt; };
struct mm_struct { struct file *exe_file; };
struct task_struct {
	struct nsproxy *nsproxy;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	__u64 start_boottime;
	unsigned int flags;
	char comm[16];
};
typedef struct { struct net *net; } possible_net_t;

struct in6_addr { union { __u32 u6_addr32[4]; } in6_u; };
struct sock_common {
	__u32 skc_daddr, skc_rcv_saddr;
	__u16 skc_dport, skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_ipv6only : 1;
	unsigned int skc_hash; /* of both addresses, 0 before it is known */
	int skc_bound_dev_if;
	struct hlist_node skc_bind_node;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	struct hlist_nulls_node skc_nulls_node;
	atomic64_t skc_cookie;
};

struct kernfs_node { __u64 id; };
struct cgroup { struct kernfs_node *kn; };
struct sock_cgroup_data { struct cgroup *cgroup; };
struct sk_buff { char cb[48]; };
struct sk_buff_head { struct sk_buff *next, *prev; __u32 qlen; };
struct sock_extended_err { __u32 ee_errno; __u8 ee_origin; };
struct sock_exterr_skb { struct sock_extended_err ee; }; /* in a buffer's cb */
struct socket {};
typedef struct { int owned; } socket_lock_t;
struct socket_alloc { struct inode vfs_inode; };
struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct hlist_node sk_bind2_node; /* 6.1 to 6.7; later ones have skc_bind_node in the list */
	struct socket *sk_socket;
	unsigned long sk_ino; /* since 6.18; before it is behind sk_socket */
	struct sock_cgroup_data sk_cgrp_data;
	__u32 sk_ack_backlog, sk_max_ack_backlog;
	atomic_t sk_drops;
	__u16 sk_protocol;
	__u8 sk_shutdown;
	int sk_err, sk_err_soft;
	struct sk_buff_head sk_error_queue;
};
struct ipv6_pinfo { int mcast_oif; };
struct inet_sock {
	struct ipv6_pinfo *pinet6;
	__u16 inet_sport;
	int mc_index;
	__u32 local_port_range; /* since 6.8; before it the field is no number, or not there */
};
struct tcp_sock { __u32 rcv_tstamp, lsndtime; };

struct timer_list { unsigned long expires; };
struct inet_timewait_sock {
	volatile unsigned char tw_substate;
	struct timer_list tw_timer;
};

struct tcp_timewait_sock { int tw_ts_recent_stamp; };

/* One for each port that a namespace's sockets hold. */
struct inet_bind_bucket {
	possible_net_t ib_net;
	unsigned short port;
	signed char fastreuse, fastreuseport;
	struct hlist_node node;
};
struct inet_bind2_bucket {
	possible_net_t ib_net;
	struct hlist_node node;
	struct hlist_head owners;
};

#pragma clang attribute pop

/* Kernel functions of Linux 6.4: where one is missing the program is not loaded, and the exporter reads another source. */
struct bpf_iter_num { __u64 opaque; };
extern void *bpf_rdonly_cast(void *object, __u32 type) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
/* For programs of this kind since Linux 6.10. */
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

/* Any number as a pointer to a kernel type. Loads through it never fault: of memory that is not there they give 0. */
#define CAST(type, address) ((struct type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(struct type)))
#define OFFSET(type, field) __builtin_preserve_field_info(((struct type *)0)->field, BPF_FIELD_BYTE_OFFSET)
/* Eight bytes of kernel memory as a number: the verifier forbids arithmetic on typed pointers. */
#define LOAD(address) ((__u64)CAST(timespec64, (address))->tv_sec)
#define PREVIOUS(node) LOAD((node) + OFFSET(hlist_node, pprev))

/* A loop of at most so many rounds, whose body is verified once. The cast has clang describe the function, which cleanup alone does not. */
#define FOR(most)                                                                                                      \
	for (struct bpf_iter_num it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                         \
	     *begun __attribute__((unused)) = (bpf_iter_num_new(&it, 0, (most)), (void)bpf_iter_num_destroy, (void *)0);            \
	     bpf_iter_num_next(&it);)
