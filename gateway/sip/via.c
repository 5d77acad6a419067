/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/via.h"

#include "gateway/sip/octet.h"

/* Takes a token and the blanks behind it. */
static bool take_token(struct text *rest, struct text *token)
{
    size_t length = octets_span(*rest, OCTET_TOKEN);
    *token = (struct text){rest->at, length};
    *rest = octets_skip_blanks(text_skip(*rest, length));
    return length > 0;
}

static bool take_slash(struct text *rest)
{
    if (rest->length == 0 || rest->at[0] != '/')
        return false;
    *rest = octets_skip_blanks(text_skip(*rest, 1));
    return true;
}

/* "SIP / 2.0 / TLS ", blanks around the slashes allowed. */
static bool read_protocol(struct text *rest, struct sip_via *via)
{
    struct text name, version;

    if (text_starts_with(*rest, TEXT("SIP/2.0/TLS "))) { /* nearly always */
        via->transport = (struct text){rest->at + 8, 3};
        *rest = octets_skip_blanks(text_skip(*rest, 12));
        return true;
    }
    if (!take_token(rest, &name) || !take_slash(rest) || !take_token(rest, &version) || !take_slash(rest) ||
        !take_token(rest, &via->transport))
        return false;
    bool is_apart = rest->at > via->transport.at + via->transport.length;
    return is_apart && octets_equal(name, TEXT("SIP")) && text_equal(version, TEXT("2.0"));
}

static struct text without_brackets(struct text t)
{
    bool bracketed = t.length >= 2 && t.at[0] == '[' && t.at[t.length - 1] == ']';
    return bracketed ? (struct text){t.at + 1, t.length - 2} : t;
}

enum known { KNOWN_BRANCH, KNOWN_RECEIVED, KNOWN_MADDR, KNOWN_RPORT, KNOWN_ALIAS, KNOWN_NONE };

static enum known known_of(struct text name)
{
    static const struct text names[] = {
        [KNOWN_BRANCH] = {"branch", 6}, [KNOWN_RECEIVED] = {"received", 8}, [KNOWN_MADDR] = {"maddr", 5},
        [KNOWN_RPORT] = {"rport", 5},   [KNOWN_ALIAS] = {"alias", 5},
    };
    unsigned known = 0;
    while (known < KNOWN_NONE && !octets_equal(name, names[known]))
        known++;
    return (enum known)known;
}

/* False: a value is missing where one must be. */
static bool keep_parameter(struct sip_via *via, enum known known, const struct sip_parameter *parameter)
{
    switch (known) {
    case KNOWN_BRANCH:
        via->branch = parameter->value;
        return parameter->has_value && !parameter->is_quoted &&
               !octets_equal(parameter->value, TEXT(SIP_BRANCH_COOKIE));
    case KNOWN_RECEIVED:
        via->received = without_brackets(parameter->value);
        return parameter->has_value && !parameter->is_quoted;
    case KNOWN_MADDR:
        via->maddr = parameter->value;
        return parameter->has_value && !parameter->is_quoted;
    case KNOWN_RPORT:
        via->rport_name = parameter->name;
        via->rport = parameter->value;
        return !parameter->is_quoted; /* an empty one would be filled in before its quotes */
    case KNOWN_ALIAS:
        via->alias = true;
        return true;
    case KNOWN_NONE:
        break;
    }
    return true;
}

static bool read_parameters(struct text rest, struct sip_via *via)
{
    struct sip_parameter parameter;
    enum sip_next next;
    unsigned seen = 0;

    while ((next = sip_parameter_next(&rest, &parameter)) == SIP_NEXT_ITEM) {
        enum known known = known_of(parameter.name);
        if (known == KNOWN_NONE)
            continue;
        if ((seen & 1u << known) != 0 || !keep_parameter(via, known, &parameter))
            return false;
        seen |= 1u << known;
    }
    return next == SIP_NEXT_END;
}

bool sip_via_read(struct text value, struct sip_via *via)
{
    struct text rest = octets_trim(value);

    *via = (struct sip_via){.text = rest};
    if (!read_protocol(&rest, via))
        return false;
    const char *semicolon = text_find(rest, ';');
    struct text sent_by = semicolon == NULL ? rest : text_from(rest.at, semicolon);
    if (!sip_host_read(octets_trim(sent_by), true, &via->sent_by))
        return false;
    if (semicolon == NULL)
        return true;
    rest = text_skip(rest, sent_by.length);
    via->parameters = octets_skip_blanks(text_skip(rest, 1));
    return read_parameters(rest, via);
}
