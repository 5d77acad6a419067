/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/header.h"

#include "gateway/sip/octet.h"

static const struct {
    const char *name;
    bool is_single;
} kinds[SIP_HEADER_KINDS] = {[SIP_HEADER_OTHER] = {"", false},
#define X(kind, text, compact, single) [SIP_HEADER_##kind] = {(text), (single)},
                             SIP_HEADERS(X)
#undef X
};

const char *sip_header_name(enum sip_header_kind kind)
{
    return kinds[kind].name;
}

bool sip_header_is_single(enum sip_header_kind kind)
{
    return kinds[kind].is_single;
}

/* RFC 3261 7.3.3 */
static enum sip_header_kind kind_of_letter(char letter)
{
    char lower = text_lower(letter);
#define X(kind, text, compact, single)                                                                       \
    if ((compact) != 0 && lower == (compact))                                                                \
        return SIP_HEADER_##kind;
    SIP_HEADERS(X)
#undef X
    return SIP_HEADER_OTHER;
}

#define X(kind, text, compact, single)                                                                       \
    _Static_assert(sizeof(text) - 1 > 1 && sizeof(text) - 1 < 32, "no length of sip_header_kind_of's "       \
                                                                  "switch");
SIP_HEADERS(X)
#undef X

/* The names of one length; `length` is a constant, so that only these remain of the list. Names as they are
 * nearly always written are found by memcmp, others octet by octet; both compare all of the name. */
static inline __attribute__((always_inline)) enum sip_header_kind kind_among(struct text name, size_t length)
{
#define X(kind, text, compact, single)                                                                       \
    if (sizeof(text) - 1 == length &&                                                                        \
        (memcmp(name.at, (text), sizeof(text) - 1) == 0 || octets_equal(name, TEXT(text))))                  \
        return SIP_HEADER_##kind;
    SIP_HEADERS(X)
#undef X
    return SIP_HEADER_OTHER;
}

enum sip_header_kind sip_header_kind_of(struct text name)
{
#define LENGTH(n)                                                                                            \
    case n:                                                                                                  \
        return kind_among(name, n);
#define LENGTHS(n) LENGTH(n) LENGTH(n + 1) LENGTH(n + 2) LENGTH(n + 3) LENGTH(n + 4) LENGTH(n + 5)
    switch (name.length) {
    case 1:
        return kind_of_letter(name.at[0]);
        LENGTHS(2)
        LENGTHS(8)
        LENGTHS(14)
        LENGTHS(20)
        LENGTHS(26)
    default:
        return SIP_HEADER_OTHER;
    }
#undef LENGTHS
#undef LENGTH
}

bool sip_header_read(struct text line, struct sip_header *header)
{
    const char *colon = text_find(line, ':');
    if (colon == NULL)
        return false;
    struct text name = text_from(line.at, colon);
    enum sip_header_kind kind = sip_header_kind_of(name);
    if (kind == SIP_HEADER_OTHER) {
        /* HCOLON: blanks before the colon, but no fold (RFC 3261 25.1). A fold is no token and fails here. */
        while (name.length > 0 && (name.at[name.length - 1] == ' ' || name.at[name.length - 1] == '\t'))
            name.length--;
        if (!octets_are(name, OCTET_TOKEN))
            return false;
        kind = sip_header_kind_of(name);
    }
    header->name = name;
    header->value = octets_trim(text_from(colon + 1, line.at + line.length));
    header->line = line;
    header->kind = kind;
    return true;
}

/* Is the line that ends at `end` (its CR) a continuation of nothing but blanks? */
static bool is_blank_continuation(const char *begin, const char *end)
{
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return end > begin && end[-1] == '\n';
}

/* RFC 3261 25.1: NUL stands only in a quoted-pair. An even run of backslashes pairs with itself. */
static bool is_quoted_pair(const char *begin, const char *at)
{
    size_t backslashes = 0;
    while (at > begin && at[-1] == '\\') {
        backslashes++;
        at--;
    }
    return backslashes % 2 == 1;
}

/* What a CR is. UNKNOWN: the octets that tell have not come yet. */
enum line_break { BREAK_END, BREAK_EMPTY, BREAK_FOLD, BREAK_UNKNOWN, BREAK_BROKEN };

static enum line_break break_at(const char *begin, const char *cr, const char *end)
{
    if (end - cr < 2)
        return BREAK_UNKNOWN;
    if (cr[1] != '\n' || is_blank_continuation(begin, cr))
        return BREAK_BROKEN;
    if (cr == begin)
        return BREAK_EMPTY;
    if (end - cr < 3)
        return BREAK_UNKNOWN;
    return cr[2] == ' ' || cr[2] == '\t' ? BREAK_FOLD : BREAK_END;
}

enum sip_line sip_line_find(struct text octets, size_t from, size_t *scanned, size_t *end, bool *is_folded)
{
    const char *begin = octets.at + from;
    const char *last = octets.at + octets.length;
    const char *at = octets.at + *scanned;

    while ((at = octets_find_control(at, last)) < last) {
        enum line_break found = BREAK_FOLD;
        if (*at == '\r')
            found = break_at(begin, at, last);
        else if (*at == '\n' || (*at == '\0' && !is_quoted_pair(begin, at)))
            return SIP_LINE_BROKEN;
        else {
            at++;
            continue;
        }
        if (found == BREAK_UNKNOWN)
            break;
        if (found == BREAK_BROKEN)
            return SIP_LINE_BROKEN;
        at += 2;
        if (found != BREAK_FOLD) {
            *scanned = *end = (size_t)(at - octets.at);
            return found == BREAK_EMPTY ? SIP_LINE_EMPTY : SIP_LINE_COMPLETE;
        }
        *is_folded = true;
    }
    *scanned = (size_t)(at - octets.at);
    return SIP_LINE_NEED_MORE;
}

size_t sip_header_lines(struct text lines)
{
    size_t count = 0;

    while (lines.length > 0) {
        struct sip_header header;
        size_t scanned = 0, end = 0;
        bool is_folded = false;
        enum sip_line found = sip_line_find(lines, 0, &scanned, &end, &is_folded);
        /* At the end of the text nothing can follow that would continue the line. */
        if (found == SIP_LINE_NEED_MORE && scanned + 2 == lines.length && lines.at[scanned] == '\r') {
            found = SIP_LINE_COMPLETE;
            end = lines.length;
        }
        if (found != SIP_LINE_COMPLETE || !sip_header_read((struct text){lines.at, end}, &header))
            return 0;
        lines = text_skip(lines, end);
        count++;
    }
    return count;
}

/* A name, a colon, and nothing below SP before the CR LF: needs no closer look. */
static bool is_plain_line(struct text line)
{
    size_t name = octets_span(line, OCTET_TOKEN);

    if (name == 0 || name + 3 > line.length || line.at[name] != ':')
        return false;
    const char *end = line.at + line.length - 2;
    return end[0] == '\r' && end[1] == '\n' && octets_find_control(line.at + name, end) == end;
}

bool sip_header_is_line(struct text line)
{
    return is_plain_line(line) || sip_header_lines(line) == 1;
}
