/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/start_line.h"

#include "gateway/sip/octet.h"

static const struct {
    struct text name;
    enum sip_method kind;
} methods[] = {
#define X(method) {{#method, sizeof(#method) - 1}, SIP_METHOD_##method},
    SIP_METHODS(X)
#undef X
};

/* RFC 3261 7.1: with case, and without unescaping. */
enum sip_method sip_method_of(struct text method)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (text_equal(methods[i].name, method))
            return methods[i].kind;
    }
    return SIP_METHOD_OTHER;
}

static enum reason refuse(const char **what, const char *why)
{
    *what = why;
    return REASON_MALFORMED_MESSAGE;
}

static bool is_number(struct text t)
{
    for (size_t i = 0; i < t.length; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
    }
    return t.length > 0;
}

/* "SIP/" 1*DIGIT "." 1*DIGIT; the letters in any case (RFC 3261 7.1). */
static enum reason check_version(struct text version, const char **what)
{
    const struct text prefix = TEXT("SIP/");
    const char *dot = text_find(version, '.');

    if (version.length < prefix.length || dot == NULL ||
        !octets_equal((struct text){version.at, prefix.length}, prefix) || dot < version.at + prefix.length)
        return refuse(what, "the start line has no SIP version");
    struct text major = text_from(version.at + prefix.length, dot);
    struct text minor = text_from(dot + 1, version.at + version.length);
    if (!is_number(major) || !is_number(minor))
        return refuse(what, "the start line has no SIP version");
    if (text_equal(major, TEXT("2")) && text_equal(minor, TEXT("0")))
        return REASON_OK;
    *what = "the version is not SIP/2.0";
    return REASON_UNSUPPORTED_VERSION;
}

static enum reason read_request_uri(struct sip_message *message, const char **what)
{
    if (!octets_are(message->request_uri_text, OCTET_VISIBLE))
        return refuse(what, "the request line has blanks or other octets out of place");
    if (!sip_uri_read(message->request_uri_text, &message->request_uri))
        return refuse(what, "the Request-URI cannot be read");
    if (message->request_uri.has_headers)
        return refuse(what, "the Request-URI carries headers");
    return REASON_OK;
}

/* Method SP Request-URI SP SIP-Version: one SP each, nothing before or behind. */
static enum reason read_request_line(struct sip_message *message, struct text line, const char **what)
{
    size_t length = octets_span(line, OCTET_TOKEN);
    message->is_request = true;
    if (length == 0 || length == line.length || line.at[length] != ' ')
        return refuse(what, "the request line has no method");
    message->method = (struct text){line.at, length};
    message->method_kind = sip_method_of(message->method);

    struct text rest = text_skip(line, length + 1);
    size_t uri_length = rest.length;
    while (uri_length > 0 && rest.at[uri_length - 1] != ' ')
        uri_length--;
    if (uri_length == 0)
        return refuse(what, "the request line has no Request-URI or no version");
    message->request_uri_text = (struct text){rest.at, uri_length - 1};
    message->version = text_skip(rest, uri_length);

    enum reason reason = check_version(message->version, what);
    return reason == REASON_OK ? read_request_uri(message, what) : reason;
}

/* SIP-Version SP 3DIGIT SP Reason-Phrase; the phrase may be empty. */
static enum reason read_status_line(struct sip_message *message, struct text line, const char **what)
{
    uint64_t status;
    size_t length = 0;

    while (length < line.length && line.at[length] != ' ')
        length++;
    message->version = (struct text){line.at, length};
    enum reason reason = check_version(message->version, what);
    if (reason != REASON_OK)
        return reason;
    struct text rest = text_skip(line, length);
    if (rest.length < 5 || rest.at[4] != ' ' ||
        !text_to_number((struct text){rest.at + 1, 3}, 699, &status) || status < 100)
        return refuse(what, "the status line has no status from 100 to 699");
    message->status = (int)status;
    message->phrase = text_skip(rest, 5);
    return REASON_OK;
}

enum reason sip_start_line_read(struct sip_message *message, const char **what)
{
    const struct text prefix = TEXT("SIP/");
    struct text line = message->start_line;

    line.length = line.length >= 2 ? line.length - 2 : 0;
    if (line.length >= prefix.length && octets_equal((struct text){line.at, prefix.length}, prefix))
        return read_status_line(message, line, what);
    return read_request_line(message, line, what);
}
