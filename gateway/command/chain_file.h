/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_CHAIN_FILE_H
#define FEDGATE_CHAIN_FILE_H

/* A chain in a PEM file, leaf first, as a peer would present it. */

#include "policy/certificate.h"

/* NULL: it cannot be read, or holds no certificate block, which was printed on stderr after `command`. */
struct presented_chain *chain_file_read(const char *command, const char *path)
    __attribute__((warn_unused_result));

#endif
