/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/log/folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_MOST (16u << 20)

void folder_start(struct folder *folder)
{
    char trouble[256] = "";
    snprintf(folder->path, sizeof folder->path, "/tmp/fedgate-log-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->writer = log_writer_create(folder->path, trouble, sizeof trouble);
    if (folder->writer == NULL) {
        fail_msg("%s", trouble);
    }
}

void folder_stop(struct folder *folder)
{
    log_writer_destroy(folder->writer, 5000);
    DIR *listing = opendir(folder->path);
    struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
        unlink(path);
    }
    if (listing != NULL) {
        closedir(listing);
    }
    rmdir(folder->path);
}

const char *folder_read(const struct folder *folder, const char *name)
{
    static char octets[FILE_MOST];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "r");
    size_t length = file == NULL ? 0 : fread(octets, 1, sizeof octets - 1, file);
    octets[length] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return octets;
}

bool folder_wait_for(const struct folder *folder, const char *name, const char *wanted)
{
    for (int i = 0; i < 1000; i++) {
        if (strstr(folder_read(folder, name), wanted) != NULL) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

size_t count_lines(const char *octets)
{
    size_t count = 0;
    for (; *octets != '\0'; octets++) {
        count += *octets == '\n';
    }
    return count;
}
