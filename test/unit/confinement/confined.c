/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* strerrorname_np, clone flags, memfd_create */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/confinement_parts.h"

/*   confined GATEWAY.YAML all|files|calls ATTEMPT [ARGUMENT]
 *
 * confines itself as `fedgate run` would, in whole or by one of its two means, then makes one attempt as an
 * intruder would, and prints how it ended: "ok", or the name of the error. A signal ends it where the attempt
 * is deadly. test_confinement.py asks. */

static int attempt_read(const char *path)
{
    return open(path, O_RDONLY);
}

static int attempt_write(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
}

static int attempt_truncate(const char *path)
{
    return truncate(path, 0);
}

static int attempt_list(const char *path)
{
    return opendir(path) == NULL ? -1 : 0;
}

static int attempt_remove(const char *path)
{
    return unlink(path);
}

static int attempt_make_folder(const char *path)
{
    return mkdir(path, 0700);
}

static int attempt_link(const char *path)
{
    return symlink("/etc/passwd", path);
}

static int attempt_replace(const char *path) /* as metrics.prom is */
{
    char draft[512];

    snprintf(draft, sizeof(draft), "%s.new", path);
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return file < 0 || write(file, "x", 1) != 1 || close(file) != 0 ? -1 : rename(draft, path);
}

static int attempt_execute(const char *path)
{
    return execl(path, path, (char *)NULL);
}

static int attempt_fork(const char *none)
{
    (void)none;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child;
}

static void *end_at_once(void *none)
{
    return none;
}

static int attempt_thread(const char *none)
{
    pthread_t thread;

    (void)none;
    errno = pthread_create(&thread, NULL, end_at_once, NULL);
    return errno != 0 ? -1 : pthread_join(thread, NULL);
}

static int attempt_trace(const char *none)
{
    (void)none;
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0 ? 0 : -1;
}

static int attempt_signal(const char *process)
{
    return kill((pid_t)atoi(process), 0);
}

static int attempt_tcp(const char *none)
{
    (void)none;
    return socket(AF_INET6, SOCK_STREAM, 0);
}

static int attempt_udp(const char *none)
{
    (void)none;
    return socket(AF_INET, SOCK_DGRAM, 0);
}

static int attempt_unix(const char *none)
{
    (void)none;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int attempt_abstract(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path + 1, name, strlen(name));
    return connect(s, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(name)));
}

static int attempt_raw(const char *none)
{
    (void)none;
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static int attempt_bind(const char *none)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    (void)none;
    return s < 0 ? -1 : bind(s, (const struct sockaddr *)&any, sizeof(any));
}

static int attempt_code(const char *none)
{
    (void)none;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? -1
               : 0;
}

static int attempt_turn_into_code(const char *none)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)none;
    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int attempt_set_clock(const char *none)
{
    const struct timespec now = {.tv_sec = 0};

    (void)none;
    return clock_settime(CLOCK_REALTIME, &now);
}

static int attempt_become_root(const char *none)
{
    (void)none;
    return setuid(0);
}

static int attempt_namespace(const char *none)
{
    (void)none;
    return unshare(CLONE_NEWUSER);
}

static int attempt_ring(const char *none)
{
    (void)none;
    return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int attempt_future_call(const char *none)
{
    (void)none;
    return (int)syscall(100000);
}

static const struct {
    const char *name;
    int (*make)(const char *argument);
} attempts[] = {
    {"read", attempt_read},
    {"write", attempt_write},
    {"truncate", attempt_truncate},
    {"list", attempt_list},
    {"remove", attempt_remove},
    {"make-folder", attempt_make_folder},
    {"link", attempt_link},
    {"replace", attempt_replace},
    {"execute", attempt_execute},
    {"fork", attempt_fork},
    {"thread", attempt_thread},
    {"trace", attempt_trace},
    {"signal", attempt_signal},
    {"tcp", attempt_tcp},
    {"udp", attempt_udp},
    {"unix", attempt_unix},
    {"abstract", attempt_abstract},
    {"raw", attempt_raw},
    {"bind", attempt_bind},
    {"code", attempt_code},
    {"turn-into-code", attempt_turn_into_code},
    {"set-clock", attempt_set_clock},
    {"become-root", attempt_become_root},
    {"namespace", attempt_namespace},
    {"ring", attempt_ring},
    {"future-call", attempt_future_call},
};

/* False: that means is not in force here, and why is printed. */
static bool confine(const struct settings *settings, const char *how)
{
    struct confinement confinement = {.landlock = 0};
    struct confined_paths paths;
    bool files = strcmp(how, "calls") != 0, calls = strcmp(how, "files") != 0;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (files && calls) {
        confinement_enter(settings, &confinement);
    } else if (files) {
        confined_paths_find(&paths, settings);
        confinement.landlock = confine_files(&paths, confinement.why_files, CONFINEMENT_WHY);
        confined_paths_deinit(&paths);
    } else {
        confinement.calls = confine_calls(confinement.why_calls, CONFINEMENT_WHY);
    }
    if ((!files || confinement.landlock > 0) && (!calls || confinement.calls))
        return true;
    printf("unconfined: %s; %s\n", confinement.why_files, confinement.why_calls);
    return false;
}

int main(int argc, char **argv)
{
    struct problems problems;

    if (argc < 4)
        return 2;
#ifdef FEDGATE_SANITIZED
    printf("unconfined: built with sanitizers, which need more than it allows\n");
    return 0;
#endif
    problems_init(&problems);
    struct settings *settings = settings_load(argv[1], time(NULL), false, &problems);
    problems_deinit(&problems);
    if (settings == NULL || !confine(settings, argv[2]))
        return 1;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        if (strcmp(attempts[i].name, argv[3]) != 0)
            continue;
        errno = 0;
        printf("%s\n", attempts[i].make(argc > 4 ? argv[4] : "") >= 0 ? "ok" : strerrorname_np(errno));
        fflush(stdout);
        settings_release(settings);
        return 0;
    }
    return 2;
}
