/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_DNS_CACHE_H
#define FEDGATE_NET_DNS_CACHE_H

/* What the DNS said, by name, as long as it may be believed: bounded in entries and in time. One cache for
 * each kind of question; the values are the caller's. Pure: the time is an argument, in milliseconds of a
 * clock that only goes forward. */

#include "policy/text.h"

#define DNS_TTL_MOST_MS 86400000u        /* no answer is believed longer than a day */
#define DNS_NEGATIVE_TTL_LEAST_MS 5000u  /* a denial without SOA, or with less */
#define DNS_NEGATIVE_TTL_MOST_MS 300000u /* a partner that fixes its DNS is seen within 5 minutes */
#define DNS_STALE_MOST_MS 3600000u       /* an expired positive answer may help out that long (RFC 8767) */
#define DNS_STALE_RETRY_MS 30000u        /* until the DNS is asked again after it failed (RFC 8767 5) */
#define DNS_FAILURE_TTL_MS 1000u         /* a failure is remembered (RFC 9520 3.2) */

uint64_t dns_ttl_positive(uint32_t seconds); /* milliseconds within the bounds above; 0 stays 0 */
uint64_t dns_ttl_negative(uint32_t seconds);

enum dns_cache_state {
    DNS_CACHE_NONE,
    DNS_CACHE_FRESH, /* may be used */
    DNS_CACHE_STALE  /* expired: ask; may be used when that fails, see dns_cache_prolong */
};

struct dns_cache;

/* `release` is called once for each value that leaves the cache. NULL: no memory. */
struct dns_cache *dns_cache_create(size_t entries_most, void (*release)(void *value));
void dns_cache_destroy(struct dns_cache *cache); /* NULL is fine */

/* *value is borrowed until the next call, and NULL with DNS_CACHE_NONE. Case and a trailing dot do not
 * matter. */
enum dns_cache_state dns_cache_look(struct dns_cache *cache, struct text name, uint64_t now, void **value);

/* Takes the value, in place of an older one; fresh for ttl_ms, and stale for stale_ms more. With neither, or
 * without memory, it is released at once. A full cache lets go of an entry that was not used lately. */
void dns_cache_put(struct dns_cache *cache, struct text name, uint64_t now, void *take, uint64_t ttl_ms,
                   uint64_t stale_ms);

/* The DNS failed: is there a stale value that helps out? It is fresh again for DNS_STALE_RETRY_MS, but never
 * beyond the end of its stale time. Borrowed; NULL: none. *fresh_until is set with it. */
void *dns_cache_prolong(struct dns_cache *cache, struct text name, uint64_t now, uint64_t *fresh_until);

size_t dns_cache_count(const struct dns_cache *cache);

#endif
