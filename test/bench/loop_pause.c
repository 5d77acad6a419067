/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long does an event loop not come back to its epoll? LD_PRELOAD this into a program that uses libuv:
 *
 *     LOOP_PAUSE_FILE=FILE LD_PRELOAD=.../libloop-pause.so fedgate run ...
 *
 * FILE is an array of struct loop_thread, one for each thread that waits in epoll, and is written as it goes:
 * it may be read, and set back to 0, at any time. Processor time is what the thread itself did; wall time has
 * the neighbours in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MOST 64

struct loop_thread {
    uint64_t thread;     /* its id */
    uint64_t turns;      /* of the loop */
    uint64_t cpu_ns;     /* the longest turn, from epoll to epoll */
    uint64_t wall_ns;    /* the longest turn by the clock */
    uint64_t long_turns; /* of more than 10 ms of processor time */
    uint64_t spare[3];
};

static struct loop_thread *threads;
static atomic_uint thread_count;
static __thread struct loop_thread *own;
static __thread uint64_t began_cpu, began_wall;

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("LOOP_PAUSE_FILE");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (file < 0 || ftruncate(file, sizeof(*threads) * THREADS_MOST) != 0)
        return;
    threads = mmap(NULL, sizeof(*threads) * THREADS_MOST, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (threads == MAP_FAILED)
        threads = NULL;
}

static void turn_ends(void)
{
    if (threads == NULL)
        return;
    if (own == NULL) {
        unsigned index = atomic_fetch_add(&thread_count, 1);
        own = &threads[index < THREADS_MOST ? index : THREADS_MOST - 1];
        own->thread = (uint64_t)gettid();
        return;
    }
    uint64_t cpu = now(CLOCK_THREAD_CPUTIME_ID) - began_cpu, wall = now(CLOCK_MONOTONIC) - began_wall;
    own->turns++;
    own->cpu_ns = cpu > own->cpu_ns ? cpu : own->cpu_ns;
    own->wall_ns = wall > own->wall_ns ? wall : own->wall_ns;
    own->long_turns += cpu > 10000000u;
}

static void turn_begins(void)
{
    began_cpu = now(CLOCK_THREAD_CPUTIME_ID);
    began_wall = now(CLOCK_MONOTONIC);
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    static int (*next)(int, struct epoll_event *, int, int);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "epoll_wait");
    turn_ends();
    int count = next(epoll, events, most, timeout);
    turn_begins();
    return count;
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *signals)
{
    static int (*next)(int, struct epoll_event *, int, int, const sigset_t *);

    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "epoll_pwait");
    turn_ends();
    int count = next(epoll, events, most, timeout, signals);
    turn_begins();
    return count;
}
