/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_GATEWAY_H
#define FEDGATE_GATEWAY_H

/* The whole of `fedgate run`: settings, logs, workers, signals. The main thread carries no traffic; it loads
 * settings anew (HUP), reopens logs (USR1), drains (TERM, INT), and watches the workers. */

/* Runs until told to stop. 0 after a clean stop, 1 when it could not start; why is on stderr then. */
int gateway_run(const char *settings_file);

#endif
