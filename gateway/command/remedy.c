/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/remedy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/command/remedy_parts.h"
#include "policy/calendar.h"
#include "policy/pem.h"

const char *certificate_show(const struct certificate *certificate, char to[CERTIFICATE_SHOWN])
{
    certificate_subject_print(certificate->subject, to, CERTIFICATE_SHOWN);
    if (to[0] == '\0' && certificate->name_count > 0)
        certificate_name_print(&certificate->names[0], to, CERTIFICATE_SHOWN);
    if (to[0] == '\0')
        snprintf(to, CERTIFICATE_SHOWN, "a certificate without a name");
    return to;
}

/* ---- sentences that need no trial ---- */

/* In braces: what a case knows, see fill. "for" is for both directions unless there is one for each. */
static const struct {
    enum reason reason;
    const char *sentence;
} sentences[] = {
    {REASON_NO_CERTIFICATE,
     "The peer must present its certificate with the chain up to, but without, the root."},
    {REASON_MALFORMED_CERTIFICATE, "{at} must be issued anew, in good DER and to the profile of RFC 5280."},
    {REASON_CERTIFICATE_EXPIRED, "{at} ended on {end}: its owner must present the one that follows it."},
    {REASON_CERTIFICATE_NOT_YET_VALID,
     "{at} begins on {begin}: wait until then, or look at the clocks on both sides."},
    {REASON_CERTIFICATE_REVOKED, "{at} is revoked: its owner must have another one issued."},
    {REASON_REVOCATION_UNKNOWN, "A CRL in force for every certificate of the path must be there, or "
                                "'revocation: if-available' in {file}."},
    {REASON_WEAK_CERTIFICATE,
     "{at} must be issued anew: RSA of 2048 bits or more, P-256, P-384 or Ed25519, and SHA-256 "
     "or better."},
    {REASON_NAME_CONSTRAINT_VIOLATED, "The certificate must carry only names that the name constraints of "
                                      "its CAs allow; ask the CA for another."},
    {REASON_PIN_MISMATCH,
     "Add {pin}, the leaf's key, to pins in {file}, if {partner} confirms that the key is theirs."},
    {REASON_SERVER_NOT_LISTED, "List the server's name under internal.servers in {gateway}."},
    {REASON_PARTNER_DISABLED, "Set 'enabled: true' in {file}."},
    {REASON_PARTNER_NOT_YET_VALID,
     "The agreement begins at {from}: wait until then, or change valid.from in {file}."},
    {REASON_PARTNER_ENDED, "The agreement ended at {until}: change valid.until in {file} if it was renewed."},
    {REASON_UNKNOWN_DOMAIN,
     "Add {domain} to the domains of the partner that owns it, or write a file for a new partner."},
    {REASON_DOMAIN_BLOCKED, "Take {domain}, or the entry that covers it, off blocked-domains in {gateway}."},
    {REASON_NOT_OUR_DOMAIN,
     "The Request-URI must lead to one of internal.domains in {gateway}; {to} is none of them."},
    {REASON_DIRECTION_NOT_ALLOWED, "Set 'direction: both' in {file}."},
    {REASON_METHOD_NOT_ALLOWED, "Add {method} to methods in {file}."},
    {REASON_METHOD_NOT_SUPPORTED,
     "Of requests to itself the gateway answers only OPTIONS; name a user or a domain in --to."},
    {REASON_UNSUPPORTED_URI_SCHEME, "The Request-URI must be sip: or sips:."},
    {REASON_SRV_NOT_FOUND,
     "{domain} must publish _sipfederationtls._tcp.{domain}, or its servers be named in {file}: "
     "'locate: {fixed: [HOST:PORT]}', and an identity rule that asks no SRV."},
    {REASON_ADDRESS_REFUSED,
     "The partner's server must have a public address; if it is meant to be private, name it under "
     "dns.hosts in {gateway}."},
    {REASON_ADDRESS_NOT_FOUND,
     "The partner's server must have an A or AAAA record; or name its address under dns.hosts in "
     "{gateway}."},
    {REASON_SRV_NOT_SECURE,
     "The zone of {domain} must be signed, and dns.servers in {gateway} validate it (dns.trust-ad); "
     "else choose another identity rule in {file}."},
    {REASON_DNS_FAILED,
     "The name servers must answer: look at dns.servers in {gateway}, and at the zone of {domain}."},
    {REASON_DNS_BOGUS, "The DNSSEC signatures of {domain} must be put right by its owner."},
    {REASON_TLSA_MISMATCH,
     "The servers of {domain} must have DNSSEC-secure TLSA records, one of which matches{tlsa}."},
    {REASON_CONNECT_FAILED,
     "A server of {domain} must accept TCP from here: look at firewalls on both sides, and at the "
     "port in its SRV record or in {file}."},
    {REASON_TLS_FAILED, "The partner's server must speak TLS 1.2 or 1.3 with a modern suite, and accept our "
                        "certificate: it must "
                        "know the root of external.certificate in {gateway}."},
    {REASON_HANDSHAKE_TIMEOUT,
     "The partner's server must finish the handshake within limits.handshake-timeout."},
    {REASON_PEER_CLOSED,
     "The partner's server must accept our certificate: it must know its root, and expect the names in "
     "external.certificate of {gateway}."},
    {REASON_TIMED_OUT,
     "The partner's server must answer: it must listen for SIP on this port, and know our domain."},
    {REASON_RELAYED,
     "The partner's administrator must let our domain in: TLS is fine, it is their SIP server that refuses."},
    {REASON_FRAMING_LOST, "The partner's server must speak SIP on this port."},
    {REASON_MALFORMED_MESSAGE, "The partner's server must answer in the grammar of SIP (RFC 3261)."},
};

void remedy_add(struct remedy_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text->to + text->length, REMEDY_SIZE - text->length, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    text->length += (size_t)length;
    if (text->length >= REMEDY_SIZE)
        text->length = REMEDY_SIZE - 1;
}

const char *remedy_file(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return path == NULL ? "the partner's file" : slash == NULL ? path : slash + 1;
}

static void add_text(struct remedy_text *text, struct text value, const char *otherwise)
{
    if (value.length == 0)
        remedy_add(text, "%s", otherwise);
    else
        remedy_add(text, "%.*s", TEXT_ARGUMENTS(value));
}

static void add_certificate(struct remedy_text *text, const struct certificate *certificate)
{
    char shown[CERTIFICATE_SHOWN];
    remedy_add(text, "%s", certificate == NULL ? "The certificate" : certificate_show(certificate, shown));
}

static void add_pin(struct remedy_text *text, const struct presented_chain *chain)
{
    char base64[BASE64_LENGTH(32)];

    if (chain == NULL || chain->count == 0)
        return;
    base64_encode(chain->certificate[0]->key_sha256, 32, base64);
    remedy_add(text, "\"sha256:%s\"", base64);
}

/* The record that would have matched; whether the key is theirs, they know. */
static void add_tlsa(struct remedy_text *text, const struct presented_chain *chain)
{
    if (chain == NULL || chain->count == 0)
        return;
    remedy_add(text, "; this key's is '3 1 1 ");
    for (size_t i = 0; i < sizeof(chain->certificate[0]->key_sha256); i++)
        remedy_add(text, "%02x", chain->certificate[0]->key_sha256[i]);
    remedy_add(text, "'");
}

static void add_day(struct remedy_text *text, const struct certificate *certificate, bool begin)
{
    char date[CALENDAR_DATE];

    if (certificate == NULL)
        remedy_add(text, "another day");
    else
        remedy_add(text, "%s", calendar_date(begin ? certificate->not_before : certificate->not_after, date));
}

static bool fill(struct remedy_text *text, const struct remedy_case *what, struct text name)
{
    char time[CALENDAR_TIME];
    const struct partner *partner = what->partner;

    if (text_equal(name, TEXT("domain")))
        add_text(text, what->domain, "the domain");
    else if (text_equal(name, TEXT("to")))
        add_text(text, what->request_domain, "the host in it");
    else if (text_equal(name, TEXT("method")))
        add_text(text, what->method, "the method");
    else if (text_equal(name, TEXT("partner")))
        remedy_add(text, "%s", partner == NULL ? "the partner" : partner->name);
    else if (text_equal(name, TEXT("file")))
        remedy_add(text, "%s", remedy_file(partner == NULL ? NULL : partner->file));
    else if (text_equal(name, TEXT("gateway")))
        remedy_add(text, "%s", remedy_file(what->settings->file));
    else if (text_equal(name, TEXT("at")))
        add_certificate(text, what->at);
    else if (text_equal(name, TEXT("begin")) || text_equal(name, TEXT("end")))
        add_day(text, what->at, text_equal(name, TEXT("begin")));
    else if (text_equal(name, TEXT("pin")))
        add_pin(text, what->chain);
    else if (text_equal(name, TEXT("tlsa")))
        add_tlsa(text, what->chain);
    else if (partner != NULL && text_equal(name, TEXT("from")))
        remedy_add(text, "%s", calendar_time(partner->valid_from, time));
    else if (partner != NULL && text_equal(name, TEXT("until")))
        remedy_add(text, "%s", calendar_time(partner->valid_until, time));
    else
        return false;
    return true;
}

static void expand(struct remedy_text *text, const struct remedy_case *what, const char *sentence)
{
    while (*sentence != '\0') {
        size_t plain = strcspn(sentence, "{");
        remedy_add(text, "%.*s", (int)plain, sentence);
        sentence += plain;
        if (*sentence == '\0')
            return;
        size_t length = strcspn(sentence, "} ");
        if (sentence[length] == '}' && fill(text, what, (struct text){sentence + 1, length - 1}))
            sentence += length + 1;
        else
            remedy_add(text, "%c", *sentence++);
    }
}

/* No setting of theirs is to be tried: they have none. NULL: it is as with any partner. */
static const char *of_discovered(enum reason reason)
{
    if (reason == REASON_OK)
        return "To refuse it, add {domain} to blocked-domains in {gateway}.";
    if (reason == REASON_IDENTITY_MISMATCH || reason == REASON_SRV_TARGET_OUTSIDE_DOMAIN ||
        reason == REASON_UNTRUSTED_CHAIN || reason == REASON_ANCHOR_OF_OTHER_PARTNER ||
        reason == REASON_FROM_DOMAIN_NOT_AUTHORIZED)
        return "A discovered domain is spoken for by a server within it, which its SRV records name, with a "
               "certificate of discovery.roots in {gateway} that names that server. Where {domain} has it "
               "otherwise, write a partner file for it.";
    return NULL;
}

const char *remedy_write(const struct remedy_case *what, char to[REMEDY_SIZE])
{
    struct remedy_text text = {.to = to};
    const char *sentence =
        what->partner != NULL && what->partner->is_discovered ? of_discovered(what->reason) : NULL;

    to[0] = '\0';
    if (sentence != NULL) {
        expand(&text, what, sentence);
        return to;
    }
    if (remedy_by_trial(what, &text))
        return to;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (sentences[i].reason == what->reason) {
            expand(&text, what, sentences[i].sentence);
            return to;
        }
    }
    remedy_add(&text, "This must not be so: %s.", reason_sentence(what->reason));
    return to;
}
