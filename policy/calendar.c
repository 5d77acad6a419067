/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/calendar.h"

#include <stdio.h>
#include <string.h>

#include "policy/der.h"

#define YEAR_0 INT64_C(-62167219200)
#define YEAR_10000 INT64_C(253402300800)

/* Moves `count` digits of *rest to *to, then passes the separator, if there is one. */
static bool move_digits(struct text *rest, size_t count, char separator, char **to)
{
    if (rest->length < count + (separator != '\0'))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        *(*to)++ = rest->at[i];
    }
    *rest = text_skip(*rest, count);
    if (separator == '\0')
        return true;
    if (rest->at[0] != separator)
        return false;
    *rest = text_skip(*rest, 1);
    return true;
}

static bool skip_fraction(struct text *rest)
{
    size_t digits = 0;
    if (rest->length == 0 || rest->at[0] != '.')
        return true;
    *rest = text_skip(*rest, 1);
    while (rest->length > 0 && rest->at[0] >= '0' && rest->at[0] <= '9') {
        *rest = text_skip(*rest, 1);
        digits++;
    }
    return digits > 0;
}

static bool read_offset(struct text rest, int64_t *seconds)
{
    char digits[4], *to = digits;

    *seconds = 0;
    if (text_equal_ignoring_case(rest, TEXT("Z")))
        return true;
    if (rest.length != 6 || (rest.at[0] != '+' && rest.at[0] != '-'))
        return false;
    bool west = rest.at[0] == '-';
    rest = text_skip(rest, 1);
    if (!move_digits(&rest, 2, ':', &to) || !move_digits(&rest, 2, '\0', &to))
        return false;
    int64_t hours = (digits[0] - '0') * 10 + digits[1] - '0',
            minutes = (digits[2] - '0') * 10 + digits[3] - '0';
    if (hours > 23 || minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

bool calendar_read(struct text written, int64_t *seconds)
{
    char generalized[sizeof("20260101000000Z")], *to = generalized; /* what der_time reads */
    int64_t offset = 0;

    if (!move_digits(&written, 4, '-', &to) || !move_digits(&written, 2, '-', &to) ||
        !move_digits(&written, 2, '\0', &to))
        return false;
    if (written.length == 0) {
        memcpy(to, "000000", 6);
        to += 6;
    } else {
        if (written.at[0] != 'T' && written.at[0] != 't' && written.at[0] != ' ')
            return false;
        written = text_skip(written, 1);
        if (!move_digits(&written, 2, ':', &to) || !move_digits(&written, 2, ':', &to) ||
            !move_digits(&written, 2, '\0', &to) || !skip_fraction(&written) ||
            !read_offset(written, &offset))
            return false;
    }
    *to++ = 'Z';
    if (!der_time(DER_GENERALIZED_TIME, text_from(generalized, to), seconds))
        return false;
    *seconds -= offset;
    return true;
}

/* Years of 365.2425 days, counted from the first of March, so that the leap day comes last. */
static void civil(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int64_t day_of(int64_t seconds)
{
    return (seconds - (((seconds % CALENDAR_DAY) + CALENDAR_DAY) % CALENDAR_DAY)) / CALENDAR_DAY;
}

const char *calendar_date(int64_t seconds, char to[CALENDAR_DATE])
{
    int year, month, day;

    if (seconds < YEAR_0 || seconds >= YEAR_10000)
        return strcpy(to, "never");
    civil(day_of(seconds), &year, &month, &day);
    snprintf(to, CALENDAR_DATE, "%04u-%02u-%02u", (unsigned)year % 10000u, (unsigned)month % 100u,
             (unsigned)day % 100u);
    return to;
}

const char *calendar_time(int64_t seconds, char to[CALENDAR_TIME])
{
    char date[CALENDAR_DATE];

    if (seconds < YEAR_0 || seconds >= YEAR_10000)
        return strcpy(to, "never");
    unsigned second = (unsigned)(seconds - day_of(seconds) * CALENDAR_DAY);
    snprintf(to, CALENDAR_TIME, "%sT%02u:%02u:%02uZ", calendar_date(seconds, date), second / 3600 % 24u,
             second / 60 % 60, second % 60);
    return to;
}
