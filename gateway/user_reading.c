/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/user_reading.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/privileges.h"

/* ---- the child: as the user ---- */

static bool is_of_reading(const struct problem *problem)
{
    return problem->severity == SEVERITY_ERROR && strcmp(problem->token, "file-unreadable") == 0;
}

/* "LINE COLUMN FILE", NUL, "TEXT", NUL. Text of problems holds no NUL. */
static bool write_problem(FILE *to, const struct problem *problem)
{
    return fprintf(to, "%u %u %s%c%s%c", problem->line, problem->column, problem->file, '\0', problem->text,
                   '\0') > 0;
}

static int load_as(const struct passwd *user, const struct settings *settings, int64_t now, int pipe_end)
{
    struct problems problems;
    FILE *to = fdopen(pipe_end, "w");
    bool good = to != NULL && privileges_become(user);

    if (!good)
        return 1;
    problems_init(&problems);
    settings_release(settings_load(settings->file, now, false, &problems));
    for (size_t i = 0; good && i < problems.count; i++)
        good = !is_of_reading(&problems.list[i]) || write_problem(to, &problems.list[i]);
    problems_deinit(&problems);
    return fclose(to) == 0 && good ? 0 : 1;
}

/* ---- the parent ---- */

static void tell(struct problems *problems, const char *place_line, const char *text,
                 const struct passwd *user)
{
    const struct group *group = getgrgid(user->pw_gid);
    struct place place = {NULL, 0, 0};
    int file_at = 0;

    if (sscanf(place_line, "%u %u %n", &place.line, &place.column, &file_at) < 2)
        return;
    place.file = place_line + file_at;
    problems_add(problems, SEVERITY_WARNING, place, "user-cannot-read",
                 "as the gateway's user %s: %s; a reload would be rejected; run chgrp %s and "
                 "chmod g+r on the file, g+x on a folder",
                 user->pw_name, text, group == NULL ? "GROUP" : group->gr_name);
}

static void read_problems(int pipe_end, const struct passwd *user, struct problems *problems)
{
    FILE *from = fdopen(pipe_end, "r");
    char *place = NULL, *text = NULL;
    size_t place_room = 0, text_room = 0;

    if (from == NULL) {
        close(pipe_end);
        return;
    }
    while (getdelim(&place, &place_room, '\0', from) > 0 && getdelim(&text, &text_room, '\0', from) > 0)
        tell(problems, place, text, user);
    free(place);
    free(text);
    fclose(from);
}

static bool ended_well(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void try_reading(const struct settings *settings, const struct passwd *user, int64_t now,
                        struct problems *problems)
{
    int ends[2];
    struct place place = {settings->file, 0, 0};

    if (pipe(ends) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(
            load_as(user, settings, now, ends[1])); /* what the parent would do at its exit is the parent's */
    }
    close(ends[1]);
    if (child < 0)
        close(ends[0]);
    else
        read_problems(ends[0], user, problems);
    if (child < 0 || !ended_well(child))
        problems_add(problems, SEVERITY_WARNING, place, "user-cannot-read",
                     "it could not be tried whether the user %s may read all files; run: runuser -u %s -- "
                     "fedgate check",
                     user->pw_name, user->pw_name);
}

void user_reading_check(const struct settings *settings, int64_t now, struct problems *problems)
{
    char why[400];
    struct place place = {settings->file, 0, 0};

    if (geteuid() != 0)
        return;
    const struct passwd *user = privileges_user(settings);
    if (user != NULL && user->pw_uid == 0)
        return;
    bool serves = user != NULL && privileges_suffice(settings, user, why, sizeof(why));
    if (user == NULL && settings->user != NULL)
        problems_add(problems, SEVERITY_ERROR, place, "user-cannot-serve",
                     "user: there is no user %s; make the account, or name another", settings->user);
    else if (!serves && settings->user != NULL)
        problems_add(problems, SEVERITY_ERROR, place, "user-cannot-serve",
                     "run would refuse to start as root: for the user %s, %s; chgrp and chmod it",
                     settings->user, why);
    /* A host without an account for the gateway says nothing: it stays root, and reads all. */
    if (serves || privileges_are_for(settings, user))
        try_reading(settings, user, now, problems);
    problems_sort(problems);
}
