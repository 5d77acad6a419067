/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_LEAST 40u
#define COLUMNS_MOST 140u /* a longer line is hard to follow back */

bool terminal_is_one(FILE *out)
{
    return isatty(fileno(out)) == 1;
}

bool terminal_wants_colour(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any value but an empty one */
    return (no_colour == NULL || *no_colour == '\0') && terminal_is_one(out);
}

void terminal_shade(FILE *out, bool colour, enum shade shade, const char *text, int width)
{
    static const char *const codes[] = {
        [SHADE_NONE] = "", [SHADE_GOOD] = "\033[32m", [SHADE_BAD] = "\033[31m", [SHADE_UNSURE] = "\033[33m"};
    int padding = width - (int)strlen(text);
    bool is_shaded = colour && shade != SHADE_NONE;

    fprintf(out, "%s%s%s%*s", is_shaded ? codes[shade] : "", text, is_shaded ? "\033[0m" : "",
            padding > 0 ? padding : 0, "");
}

unsigned terminal_columns(FILE *out)
{
    struct winsize size;

    if (!terminal_is_one(out) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_LEAST)
        return TERMINAL_COLUMNS;
    return size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
}

void terminal_wrap(FILE *out, unsigned column, const char *text)
{
    unsigned at = column, columns = terminal_columns(out);
    bool is_first = true;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (!is_first && at + 1 + length > columns) {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
        } else if (!is_first) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", (int)length, text);
        at += (unsigned)length;
        is_first = false;
        text += length + strspn(text + length, " ");
    }
    fputc('\n', out);
}
