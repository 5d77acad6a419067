/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* strerrordesc_np */
#include "gateway/fetch/fetched_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/files_digest.h"
#include "policy/partner_file.h"

#define PATH_SIZE 4096u

static const char *suffix(enum evidence_kind kind)
{
    return kind == EVIDENCE_CRL ? ".crl" : ".ocsp";
}

/* FOLDER/HEX.crl, or with `extra` behind it. False: too long, or no memory. */
static bool path_of(const char *folder, enum evidence_kind kind, struct text key, const char *extra,
                    char path[PATH_SIZE])
{
    struct files_digest *digest = files_digest_create();

    if (digest == NULL)
        return false;
    files_digest_add(digest, key);
    char *hex = files_digest_finish(digest);
    files_digest_destroy(digest);
    int length = hex == NULL ? -1 : snprintf(path, PATH_SIZE, "%s/%s%s%s", folder, hex, suffix(kind), extra);
    free(hex);
    return length > 0 && (size_t)length < PATH_SIZE;
}

char *fetched_folder_read(const char *folder, enum evidence_kind kind, struct text key, size_t most,
                          size_t *length, int64_t *fetched)
{
    char path[PATH_SIZE];
    struct stat facts;
    const char *why;

    if (!path_of(folder, kind, key, "", path) || lstat(path, &facts) != 0 || !S_ISREG(facts.st_mode))
        return NULL;
    *fetched = facts.st_mtime;
    return file_read(path, most, length, &why);
}

static bool write_all(int file, struct text octets)
{
    while (octets.length > 0) {
        ssize_t written = write(file, octets.at, octets.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        octets = text_skip(octets, (size_t)written);
    }
    return true;
}

bool fetched_folder_write(const char *folder, enum evidence_kind kind, struct text key,
                          const struct text *piece, size_t count, const char **why)
{
    char path[PATH_SIZE], draft[PATH_SIZE];
    bool good = true;

    *why = "its path is too long";
    if (!path_of(folder, kind, key, "", path) || !path_of(folder, kind, key, ".new", draft))
        return false;
    (void)mkdir(folder, 0750); /* where it cannot be made, opening the file says why */
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (file < 0) {
        *why = strerrordesc_np(errno);
        return false;
    }
    for (size_t i = 0; good && i < count; i++)
        good = write_all(file, piece[i]);
    if (!good)
        *why = strerrordesc_np(errno);
    if (close(file) != 0 && good) {
        *why = strerrordesc_np(errno);
        good = false;
    }
    if (good && rename(draft, path) != 0) {
        *why = strerrordesc_np(errno);
        good = false;
    }
    if (!good)
        (void)unlink(draft);
    return good;
}

static bool is_ours(const char *name)
{
    size_t length = strlen(name);

    return (length == 68 && strcmp(name + 64, ".crl") == 0) ||
           (length == 69 && strcmp(name + 64, ".ocsp") == 0) ||
           (length > 64 && strcmp(name + length - 4, ".new") == 0);
}

void fetched_folder_sweep(const char *folder, int64_t now)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    struct stat facts;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (is_ours(entry->d_name) &&
            fstatat(dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(facts.st_mode) && now - facts.st_mtime > FETCHED_KEPT_SECONDS)
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory != NULL)
        closedir(directory);
}
