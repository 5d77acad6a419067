/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_LOG_FOLDER_H
#define FEDGATE_TEST_LOG_FOLDER_H

/* A log folder of its own for each test. */

#include "gateway/log/log_writer.h"

struct folder {
    char path[64];
    struct log_writer *writer;
};

void folder_start(struct folder *folder); /* makes it, and a writer for it */
void folder_stop(struct folder *folder);  /* destroys the writer, and removes what is in the folder */

/* The whole file, NUL-terminated; "" when it is not there. Static. */
const char *folder_read(const struct folder *folder, const char *name);
/* Waits until the file holds `wanted`, at most some seconds; false: it does not. */
bool folder_wait_for(const struct folder *folder, const char *name, const char *wanted);
size_t count_lines(const char *octets);

#endif
