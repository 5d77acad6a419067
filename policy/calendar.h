/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CALENDAR_H
#define FEDGATE_POLICY_CALENDAR_H

/* Instants as people write them <-> seconds since 1970, UTC. Pure: no clock, no time zone. */

#include "policy/text.h"

#define CALENDAR_DAY INT64_C(86400)
#define CALENDAR_DATE 12u /* "2026-01-01" and its NUL, with room for a fifth digit */
#define CALENDAR_TIME 24u /* "2026-01-01T00:00:00Z" likewise */

/* "2026-01-01" (its first second) or RFC 3339, "2026-01-01T08:00:00Z" or "...+02:00"; fractions are cut off.
 */
bool calendar_read(struct text written, int64_t *seconds);
/* The day of an instant, the years 0 to 9999; outside of them "never". Returns `to`. */
const char *calendar_date(int64_t seconds, char to[CALENDAR_DATE]);
const char *calendar_time(int64_t seconds, char to[CALENDAR_TIME]);

#endif
