/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which sockets a process holds: the links of /proc/PID/fd, many at a time, from the process's table of descriptors.
 *
 * Nothing is locked (RCU is held for a run). A file may be closed, and its memory used again, while it is looked at: it counts if the
 * table still has it afterwards, and the run counts if the process still has the table. Loads never fault, steps are limited.
 */
#include "kernel.h"

#define MOST 2048
#define MOST_STEPS 8192
#define MOST_TRIES 4
#define BUDGET_NS 400000
#define STEPS_PER_LOOK 64 /* at the clock */
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* What a descriptor is, as fd-links.ts has it, if it is not the inode of a socket. */
enum { NOT_A_SOCKET = 0, GONE = -1, RING = -3 };
/* Failures of a run. */
enum { DISTURBED = 1 };

struct output {
	__u32 busy, ticket, failures, found, next, end;
	__u64 started; /* of the process, nanoseconds since boot; 0 = there is none with this number */
	__u32 reserved[8];
	__u32 fds[MOST]; /* written by the caller, who asks for these, or by a run that lists */
	__s32 links[MOST];
};

/* Read and written through mmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct output);
} tcpstate_fds SEC(".maps");

/*
 * ticket: a number of the caller's, for it to see that the answer is its own. pid: of the process, or of a thread. asked: so many of `fds`;
 * 0 = the open descriptors from `from` on are listed, as far as `most`.
 */
struct request { __u32 ticket, pid, from, asked, most; };

char _license[] SEC("license") = "Dual BSD/GPL";

static __always_inline int is_ring(__u64 file)
{
	__u64 name = LOAD(LOAD(file + OFFSET(file, f_path.dentry)) + OFFSET(dentry, d_name.name));
	return LOAD(name) == 0x6e6972755f6f695bULL && (__u16)LOAD(name + 8) == 0x5d67; /* [io_uring] */
}

static __always_inline __s32 link_of(__u64 slot)
{
	__s32 link = GONE;
	for (int tries = 0; tries < MOST_TRIES; tries++) {
		__u64 file = LOAD(slot);
		if (!file) return GONE;
		__u64 at = LOAD(file + OFFSET(file, f_inode));
		struct inode *inode = CAST(inode, at);
		if ((inode->i_mode & S_IFMT) == S_IFSOCK) link = inode->i_ino;
		else link = is_ring(file) ? RING : NOT_A_SOCKET;
		if (LOAD(slot) == file) return link;
	}
	return GONE;
}

static __always_inline void read_fds(struct output *out, struct request *request, __u64 table)
{
	struct fdtable *fdt = CAST(fdtable, table);
	__u32 size = fdt->max_fds, asked = request->asked;
	__u64 slots = LOAD(table + OFFSET(fdtable, fd)), open = LOAD(table + OFFSET(fdtable, open_fds));
	__u64 end_ns = bpf_ktime_get_ns() + BUDGET_NS, word = 0;
	out->end = size;
	out->next = request->from;
	FOR(MOST_STEPS) {
		__u32 found = out->found, fd = out->next;
		if (found % STEPS_PER_LOOK == STEPS_PER_LOOK - 1 && bpf_ktime_get_ns() > end_ns) return;
		if (asked) {
			if (found >= asked || found >= MOST) return;
			fd = out->fds[found & (MOST - 1)];
			out->links[found & (MOST - 1)] = fd < size ? link_of(slots + (__u64)fd * 8) : GONE;
			out->found = found + 1;
			continue;
		}
		if (fd >= size || found >= request->most || found >= MOST) return;
		if (fd % 64 == 0 || fd == request->from) word = LOAD(open + fd / 64 * 8) >> (fd & 63);
		if (!word) { out->next = (fd | 63) + 1; continue; }
		out->next = fd + 1;
		if (word & 1) {
			__s32 link = link_of(slots + (__u64)fd * 8);
			out->fds[found & (MOST - 1)] = fd;
			out->links[found & (MOST - 1)] = link;
			if (link != GONE) out->found = found + 1;
		}
		word >>= 1;
	}
}

static __always_inline void read_process(struct output *out, struct request *request)
{
	struct task_struct *found = bpf_task_from_pid(request->pid);
	if (!found) return;
	__u64 task = (__u64)found;
	out->started = LOAD(task + OFFSET(task_struct, start_boottime));
	__u64 files = LOAD(task + OFFSET(task_struct, files));
	if (files) {
		__u64 table = LOAD(files + OFFSET(files_struct, fdt));
		read_fds(out, request, table);
		if (LOAD(task + OFFSET(task_struct, files)) != files || LOAD(files + OFFSET(files_struct, fdt)) != table) out->failures = DISTURBED;
	}
	bpf_task_release(found);
}

/* Returns 0, or -16 (EBUSY) when another thread's run is under way. */
SEC("syscall") int tcpstate_fds_of(struct request *request)
{
	__u32 zero = 0;
	struct output *out = bpf_map_lookup_elem(&tcpstate_fds, &zero);
	if (!out) return -1;
	if (__sync_val_compare_and_swap(&out->busy, 0, 1) != 0) return -16;
	out->ticket = request->ticket;
	out->failures = out->found = out->next = out->end = 0;
	out->started = 0;
	bpf_rcu_read_lock();
	read_process(out, request);
	bpf_rcu_read_unlock();
	__sync_val_compare_and_swap(&out->busy, 1, 0);
	return 0;
}
