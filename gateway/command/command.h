/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_COMMAND_H
#define FEDGATE_COMMAND_H

/* The commands of fedgate (contract, section 1). Each reads its own arguments, prints, and returns the exit
 * status. */

#include <stdbool.h>

#define COMMAND_DONE 0    /* run: clean stop; check: valid; explain: allow; probe: works */
#define COMMAND_TROUBLE 1 /* could not do what was asked */
#define COMMAND_USAGE 2   /* one line on stderr */
#define COMMAND_DENIED 3  /* explain: deny; probe: fails */
#define COMMAND_NEED 4    /* explain: a DNS answer or a certificate is missing */

struct command {
    const char *name;
    const char *summary;               /* one line for `fedgate --help` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_partners(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
