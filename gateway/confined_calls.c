/* SPDX-License-Identifier: GPL-2.0-or-later */

/* seccomp, by libseccomp. What relaying takes is listed below, as libuv, c-ares, wolfSSL, libcurl and glibc
 * (2.36 and 2.41) ask for it. Any other call answers ENOSYS, so that a library which tries something newer
 * falls back instead of failing; what only an intruder would ask for ends the process. No memory becomes
 * executable any more, no other program runs, no process is made, no port is bound. */

#define _GNU_SOURCE /* CLONE_THREAD */
#include <stdio.h>

#include "gateway/confinement_parts.h"

#ifdef FEDGATE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Some are not calls of every machine; those are passed over. */
static const char *const allowed[] = {
    /* octets */
    "read", "readv", "pread64", "write", "writev", "pwrite64", "lseek", "close", "ftruncate", "fsync",
    "fdatasync", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "shutdown",
    /* sockets that are there, and connections */
    "accept", "accept4", "connect", "getsockname", "getpeername", "getsockopt", "setsockopt", "socketpair",
    /* waiting */
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
    "ppoll", "select", "pselect6", "eventfd2", "pipe2", "nanosleep", "clock_nanosleep", "restart_syscall",
    /* files: which ones, is Landlock's to say */
    "open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents64", "getcwd", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "mkdir", "mkdirat", "fcntl", "dup", "dup2", "dup3", "fadvise64", "statfs", "fstatfs",
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    /* memory, but for what mmap and mprotect are asked below */
    "brk", "munmap", "mremap", "madvise",
    /* threads, signals, the end */
    "futex", "set_robust_list", "rseq", "gettid", "getpid", "sched_yield", "sched_getaffinity", "membarrier",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill", "exit", "exit_group",
    /* the clock, chance, who we are */
    "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "uname", "sysinfo", "getrusage",
    "getuid", "geteuid", "getgid", "getegid", "getcpu", "umask"};

static const char *const deadly[] = {
    /* another program, another process, another's memory */
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
    /* the kernel, and what it lets others see */
    "bpf", "init_module", "finit_module", "kexec_load", "kexec_file_load", "perf_event_open", "userfaultfd",
    "keyctl", "add_key", "request_key", "open_by_handle_at",
    /* other views of the system */
    "mount", "move_mount", "pivot_root", "chroot", "unshare", "setns"};

static bool rule(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                 const struct scmp_arg_cmp *compare)
{
    int number = seccomp_syscall_resolve_name(name);

    return number == __NR_SCMP_ERROR || seccomp_rule_add_array(filter, action, number, count, compare) == 0;
}

static bool allow_where(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp compare)
{
    return rule(filter, SCMP_ACT_ALLOW, name, 1, &compare);
}

/* A new thread is one of this process, or it is none. clone3 hides its flags in memory: glibc falls back. */
static bool add_threads(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp process = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);

    return allow_where(filter, "clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
           rule(filter, SCMP_ACT_KILL_PROCESS, "clone", 1, &process) &&
           allow_where(filter, "prctl", SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME)) &&
           allow_where(filter, "prlimit64", SCMP_A2_64(SCMP_CMP_EQ, 0)); /* asks, and sets nothing */
}

static bool add_memory(scmp_filter_ctx filter)
{
    static const char *const names[] = {"mmap", "mprotect"};

    for (size_t i = 0; i < 2; i++) {
        if (!allow_where(filter, names[i], SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)))
            return false;
    }
    return true;
}

static bool add_sockets(scmp_filter_ctx filter)
{
    static const unsigned long requests[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (!allow_where(filter, "ioctl", SCMP_A1_64(SCMP_CMP_EQ, requests[i])))
            return false;
    }
    return allow_where(filter, "socket", SCMP_A0_64(SCMP_CMP_EQ, AF_INET)) &&
           allow_where(filter, "socket", SCMP_A0_64(SCMP_CMP_EQ, AF_INET6));
}

static bool add_names(scmp_filter_ctx filter, uint32_t action, const char *const *name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rule(filter, action, name[i], 0, NULL))
            return false;
    }
    return true;
}

bool confine_calls(char *why, size_t size)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

    snprintf(why, size, "this kernel does not take a filter of system calls");
    if (filter == NULL)
        return false;
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree; in libseccomp 2.5 */
    bool good = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
                add_names(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0])) &&
                add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0])) &&
                add_threads(filter) && add_memory(filter) && add_sockets(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}

#else

bool confine_calls(char *why, size_t size)
{
    snprintf(why, size, "built without libseccomp");
    return false;
}

#endif
