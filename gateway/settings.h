/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SETTINGS_H
#define FEDGATE_SETTINGS_H

/* gateway.yaml and the partner files as one immutable policy snapshot. A reload builds a whole new one beside
 * the old; workers hold references, and the last to let go frees it. */

#include <stdatomic.h>

#include "gateway/limits.h"
#include "gateway/net/dns_host.h"
#include "policy/partner_file.h"
#include "policy/policy.h"
#include "policy/problem.h"

enum user_logging { USERS_FULL, USERS_DOMAIN, USERS_HASH };

/* One of our two sides. */
struct side_settings {
    struct host_port *listen; /* owned; host is an IP address */
    size_t listen_count;
    char *host;                           /* owned; our name on this side, in Via and Record-Route */
    struct certificate_list certificates; /* our chain, leaf first */
    char *certificate_pem,
        *key_pem; /* owned, NUL-terminated, as read: what the TLS contexts load; key is wiped on free */
    size_t certificate_pem_length, key_pem_length;
    char *certificate_file, *key_file; /* owned, resolved */
};

struct settings {
    atomic_uint references;        /* settings_hold, settings_release */
    struct settings *next_retired; /* the gateway's, once they are out of force */
    uint64_t generation;           /* from 1; set by the gateway when it takes the snapshot into force */
    char *file;                    /* owned */
    char
        *sha256; /* owned; hex digest over all files that were read but the private keys, for policy-loaded */

    struct side_settings internal, external;
    struct trust_anchors *internal_anchors; /* owned: internal.roots */
    char **internal_crls;                   /* owned, resolved */
    size_t internal_crl_count;
    struct crl_store *internal_crl_store; /* owned; what was read from them. NULL: none are listed */
    enum revocation_rule internal_revocation;
    enum revocation_rule internal_ocsp;
    char **servers; /* owned; lower case */
    size_t server_count;
    char **domains; /* owned; lower case: the SIP domains we speak for */
    size_t domain_count;
    struct host_port *next_hop; /* owned; port 5061 when not given */
    size_t next_hop_count;

    struct partner_set *partners; /* owned */
    char *partners_folder;        /* owned, resolved */
    bool partners_watch;          /* reload by itself when it changes */
    char **blocked;               /* owned; lower case; ".x" covers x and its subdomains too */
    size_t blocked_count;
    bool discovery_enabled; /* then `partners` has one that stands for discovered domains: policy/discovery.h
                             */

    struct {
        struct host_port *server; /* owned; empty: /etc/resolv.conf */
        size_t server_count;
        uint32_t timeout_ms;   /* the whole question */
        struct dns_host *host; /* owned */
        size_t host_count;
        bool allow_loopback, trust_ad;
    } dns;
    struct {
        char *directory; /* owned, resolved */
        enum user_logging users;
    } logs;
    struct {                 /* CRLs and OCSP answers from the web */
        char *directory;     /* owned, resolved; where they are kept over a restart */
        uint32_t timeout_ms; /* one answer, from the question for the address to its last octet */
        size_t size;         /* octets of one answer, at most */
        bool allow_private;  /* private and loopback addresses too */
    } fetch;
    struct limits limits;
    unsigned workers;  /* resolved: at least 1 */
    char *user;        /* owned, or NULL: the user to become when started as root */
    bool confinement;  /* see confinement.h */
    char **root_files; /* owned, resolved: internal.roots and discovery.roots */
    size_t root_file_count;

    struct written_keys *written; /* owned; what gateway.yaml says: see settings_difference.h */
    struct policy policy;         /* owned; views into all of the above, for the two judgements */
};

/* Loads everything that `run` would. Problems of every kind go to `problems`; NULL when any is an error.
 * Blocking: never on a loop. The snapshot comes with one reference. */
struct settings *settings_load(const char *file, int64_t now, bool expired_roots_allowed,
                               struct problems *problems);
/* The same, for one who watches what is read: `named` is filled in also where there are errors; the caller's.
 */
struct named_files;
struct settings *settings_load_named(const char *file, int64_t now, struct named_files *named,
                                     struct problems *problems);
void settings_hold(struct settings *settings);               /* any thread */
void settings_release(struct settings *settings);            /* any thread; NULL is fine */
bool settings_is_held_once(const struct settings *settings); /* by the caller, and nobody else */

bool settings_is_own_domain(const struct settings *settings, struct text domain);
bool settings_is_blocked(const struct settings *settings, struct text domain);
bool settings_lists_server(const struct settings *settings, struct text name);

#endif
