/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/parameter.h"

#include "gateway/sip/octet.h"

/* Behind the '=': a quoted string or a run of octets that are no delimiters. False: neither. */
static bool read_value(struct text *rest, struct sip_parameter *parameter)
{
    size_t length;

    *rest = octets_skip_blanks(*rest);
    if (rest->length > 0 && rest->at[0] == '"') {
        length = octets_quoted_length(*rest);
        if (length == 0)
            return false;
        parameter->is_quoted = true;
        parameter->value = (struct text){rest->at + 1, length - 2};
    } else {
        length = octets_long_span(*rest, OCTET_VALUE);
        if (length == 0)
            return false;
        parameter->value = (struct text){rest->at, length};
    }
    parameter->has_value = true;
    parameter->whole = text_from(parameter->name.at, rest->at + length);
    *rest = text_skip(*rest, length);
    return true;
}

enum sip_next sip_parameter_next(struct text *rest, struct sip_parameter *parameter)
{
    struct text t = octets_skip_blanks(*rest);
    if (t.length == 0)
        return SIP_NEXT_END;
    if (t.at[0] == ';')
        t = octets_skip_blanks(text_skip(t, 1));

    size_t length = octets_span(t, OCTET_NAME);
    if (length == 0)
        return SIP_NEXT_MALFORMED;
    *parameter = (struct sip_parameter){.name = {t.at, length}, .whole = {t.at, length}};
    t = octets_skip_blanks(text_skip(t, length));
    if (t.length > 0 && t.at[0] == '=') {
        t = text_skip(t, 1);
        if (!read_value(&t, parameter))
            return SIP_NEXT_MALFORMED;
        t = octets_skip_blanks(t);
    }
    if (t.length > 0 && t.at[0] != ';')
        return SIP_NEXT_MALFORMED;
    *rest = t;
    return SIP_NEXT_ITEM;
}

bool sip_parameter_find(struct text parameters, struct text name, struct sip_parameter *parameter)
{
    while (sip_parameter_next(&parameters, parameter) == SIP_NEXT_ITEM) {
        if (octets_equal(parameter->name, name))
            return true;
    }
    return false;
}

/* The length of the element that the text begins with, up to a comma outside of strings and brackets;
 * SIZE_MAX when a string or a bracket does not end. */
static size_t element_length(struct text t)
{
    bool in_brackets = false;

    for (size_t i = 0; (i += octets_long_span(text_skip(t, i), OCTET_PLAIN)) < t.length; i++) {
        if (t.at[i] == ',') {
            if (!in_brackets)
                return i;
        } else if (t.at[i] == '"') {
            size_t length = in_brackets ? 1 : octets_quoted_length(text_skip(t, i));
            if (length == 0)
                return SIZE_MAX;
            i += length - 1;
        } else {
            if (in_brackets == (t.at[i] == '<'))
                return SIZE_MAX;
            in_brackets = !in_brackets;
        }
    }
    return in_brackets ? SIZE_MAX : t.length;
}

enum sip_next sip_list_next(struct text *rest, struct text *element)
{
    struct text t = octets_skip_blanks(*rest);
    if (t.length == 0)
        return SIP_NEXT_END;

    size_t length = element_length(t);
    if (length == SIZE_MAX)
        return SIP_NEXT_MALFORMED;
    struct text found = octets_trim((struct text){t.at, length});
    if (found.length == 0)
        return SIP_NEXT_MALFORMED;
    bool is_last = length == t.length;
    t = text_skip(t, length);
    if (!is_last) {
        t = octets_skip_blanks(text_skip(t, 1));
        if (t.length == 0 || t.at[0] == ',')
            return SIP_NEXT_MALFORMED;
    }
    *element = found;
    *rest = t;
    return SIP_NEXT_ITEM;
}
