/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The one list of what a confined gateway may open. It has to hold for reloads to come: whatever lies in the
 * folder of gateway.yaml, and beside any file that the configuration names now, may be replaced or joined by
 * others; a file elsewhere is rejected until the next start. Folders rather than files, since files are
 * replaced by renaming. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/confinement_parts.h"
#include "policy/revocation_keys.h"

/* What libraries read late: glibc and c-ares about names, libcurl's TLS about public CAs, all about time. */
static const char *const system_paths[] = {
    "/etc/hosts",    "/etc/host.conf", "/etc/nsswitch.conf",         "/etc/services",
    "/etc/gai.conf", "/etc/localtime", "/usr/share/zoneinfo",        "/etc/resolv.conf",
    "/etc/ssl",      "/usr/lib/ssl",   "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    "/dev/null",     "/dev/urandom"};

/* ---- the list ---- */

static void append(struct confined_paths *paths, char *take)
{
    if (paths->read_count == paths->read_capacity) {
        size_t capacity = paths->read_capacity == 0 ? 64 : paths->read_capacity * 2;
        char **larger = realloc(paths->read, capacity * sizeof(*larger));
        if (larger == NULL) {
            paths->is_short = true;
            free(take);
            return;
        }
        paths->read = larger;
        paths->read_capacity = capacity;
    }
    paths->read[paths->read_count++] = take;
}

/* What is not there cannot be named by the kernel either. */
static void allow(struct confined_paths *paths, const char *path)
{
    char *real = realpath(path, NULL);

    if (real == NULL)
        paths->is_short = paths->is_short || errno == ENOMEM;
    else if (paths->read_count > 0 && strcmp(paths->read[paths->read_count - 1], real) == 0)
        free(real);
    else
        append(paths, real);
}

/* The folder that a file lies in; never "/", which would be everything: then the file alone. */
static void allow_folder_of(struct confined_paths *paths, const char *file)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - file);

    if (slash == file || length >= sizeof(folder)) {
        allow(paths, file);
        return;
    }
    memcpy(folder, slash == NULL ? "." : file, slash == NULL ? 1 : length);
    folder[slash == NULL ? 1 : length] = '\0';
    char *real = realpath(folder, NULL);
    allow(paths, real != NULL && strcmp(real, "/") == 0 ? file : folder);
    free(real);
}

/* A file that the configuration names. Where it is a link, what it leads to is read: its folder, too. */
static void allow_beside(struct confined_paths *paths, const char *file)
{
    char to[1];

    if (file == NULL)
        return;
    allow_folder_of(paths, file);
    if (readlink(file, to, sizeof(to)) < 0)
        return;
    char *real = realpath(file, NULL);
    if (real != NULL)
        allow_folder_of(paths, real);
    free(real);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void keep_each_once(struct confined_paths *paths)
{
    size_t kept = 0;

    if (paths->read_count > 0)
        qsort(paths->read, paths->read_count, sizeof(*paths->read), compare);
    for (size_t i = 0; i < paths->read_count; i++) {
        if (kept > 0 && strcmp(paths->read[kept - 1], paths->read[i]) == 0)
            free(paths->read[i]);
        else
            paths->read[kept++] = paths->read[i];
    }
    paths->read_count = kept;
}

/* ---- what is on it ---- */

static void allow_sources(struct confined_paths *paths, char *const *source, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!revocation_is_remote(text_of(source[i])))
            allow_beside(paths, source[i]);
    }
}

static void allow_configuration(struct confined_paths *paths, const struct settings *settings)
{
    const struct side_settings *sides[2] = {&settings->internal, &settings->external};

    allow_beside(paths, settings->file);
    for (size_t i = 0; i < 2; i++) {
        allow_beside(paths, sides[i]->certificate_file);
        allow_beside(paths, sides[i]->key_file);
    }
    for (size_t i = 0; i < settings->root_file_count; i++)
        allow_beside(paths, settings->root_files[i]);
    allow_sources(paths, settings->internal_crls, settings->internal_crl_count);
    allow(paths, settings->partners_folder);
    for (uint32_t i = 0; i < partner_set_count(settings->partners); i++) {
        const struct partner *partner = partner_set_at(settings->partners, i);
        allow_beside(paths, partner->file);
        for (size_t j = 0; j < partner->root_count; j++)
            allow_beside(paths, partner->roots[j]);
        allow_sources(paths, partner->crls, partner->crl_count);
    }
}

/* The file of name servers is replaced by renaming, and is often a link into /run. */
static void allow_name_servers(struct confined_paths *paths, const struct settings *settings)
{
    if (settings->dns.server_count == 0)
        allow_beside(paths, "/etc/resolv.conf");
}

void confined_paths_find(struct confined_paths *paths, const struct settings *settings)
{
    *paths = (struct confined_paths){.write = {settings->logs.directory, settings->fetch.directory},
                                     .write_count = 2};
    for (size_t i = 0; i < paths->write_count; i++)
        (void)mkdir(paths->write[i], 0750); /* where it cannot be made, who writes there says why */
    allow_configuration(paths, settings);
    allow_name_servers(paths, settings);
    for (size_t i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]); i++)
        allow(paths, system_paths[i]);
    keep_each_once(paths);
}

void confined_paths_deinit(struct confined_paths *paths)
{
    for (size_t i = 0; i < paths->read_count; i++)
        free(paths->read[i]);
    free(paths->read);
}
