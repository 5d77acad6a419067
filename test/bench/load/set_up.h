/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_SET_UP_H
#define BENCH_LOAD_SET_UP_H

/* Makes the workers, listeners and clients that the options ask for. Returns the number of clients. */
int set_up(void);

#endif
