/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/load/process_use.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROCESSES 4096

struct process {
    pid_t pid, parent;
    double ticks;
    bool in; /* the tree that is asked for */
};

static long kb_line(pid_t pid, const char *file, const char *key)
{
    char path[64], line[256];
    long v = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) {
            v = atol(line + strlen(key));
            break;
        }
    fclose(f);
    return v;
}

static void measure_machine(struct process_use *use)
{
    unsigned long long v[8] = {0};
    double tick = (double)sysconf(_SC_CLK_TCK);
    FILE *file = fopen("/proc/stat", "r");
    if (file == NULL)
        return;
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3, v + 4, v + 5,
               v + 6, v + 7) == 8) {
        use->steal = (double)v[7] / tick;
        use->busy = (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / tick;
    }
    fclose(file);
}

/* Reads /proc/PID/stat; false when the process is gone. */
static bool read_process(const char *name, struct process *process)
{
    char path[300], text[1024];
    unsigned long user, kernel;
    long reaped_user, reaped_kernel;
    snprintf(path, sizeof(path), "/proc/%s/stat", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    fclose(file);
    char *after_name = strrchr(text, ')');
    if (after_name == NULL ||
        sscanf(after_name + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &process->parent,
               &user, &kernel, &reaped_user, &reaped_kernel) != 5)
        return false;
    process->pid = atoi(name);
    process->ticks = (double)user + (double)kernel + (double)reaped_user + (double)reaped_kernel;
    return true;
}

static int list_processes(struct process *list, pid_t root)
{
    int count = 0;
    struct dirent *entry;
    DIR *folder = root ? opendir("/proc") : NULL;
    while (folder != NULL && count < PROCESSES && (entry = readdir(folder)) != NULL)
        if (isdigit((unsigned char)*entry->d_name) && read_process(entry->d_name, &list[count])) {
            list[count].in = list[count].pid == root;
            count++;
        }
    if (folder != NULL)
        closedir(folder);
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < count; i++)
            for (int k = 0; k < count && !list[i].in; k++)
                if (list[k].in && list[k].pid == list[i].parent)
                    list[i].in = more = true;
    }
    return count;
}

struct process_use process_measure(pid_t root, bool memory)
{
    static struct process list[PROCESSES];
    struct process_use use = {0};
    measure_machine(&use);
    int count = list_processes(list, root);
    for (int i = 0; i < count; i++) {
        if (!list[i].in)
            continue;
        use.processes++;
        use.cpu += list[i].ticks / (double)sysconf(_SC_CLK_TCK);
        if (memory) {
            use.rss_kb += kb_line(list[i].pid, "status", "VmRSS:");
            use.pss_kb += kb_line(list[i].pid, "smaps_rollup", "Pss:");
        }
    }
    return use;
}

double process_own_cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
