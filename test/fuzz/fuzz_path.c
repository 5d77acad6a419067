/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives octets to the readers of certificates and to the search for paths. The input is blocks, each of two
 * octets of length and a certificate: the first is the anchor, the others are presented, the leaf first.
 * Whatever is read must print, compare, and hold together: equal names have equal hashes, a path that is
 * found ends at the anchor.
 *
 * Built with clang -fsanitize=fuzzer,address,undefined, or with replay.c. */
#include "policy/distinguished_name.h"
#include "policy/name_constraints.h"
#include "policy/trust_path.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCKS_MOST 20u
#define NOW 1700000000

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static size_t split_blocks(const uint8_t *data, size_t size, struct text blocks[BLOCKS_MOST])
{
    size_t count = 0;
    while (size >= 2 && count < BLOCKS_MOST) {
        size_t length = ((size_t)data[0] << 8) | data[1];
        data += 2;
        size -= 2;
        length = length < size ? length : size;
        blocks[count++] = (struct text){(const char *)data, length};
        data += length;
        size -= length;
    }
    return count;
}

static void look_at(const struct certificate *certificate)
{
    char printed[100];
    const char *why;

    demand((certificate->defect == REASON_OK) == (certificate->defect_text == NULL));
    demand(certificate->name_count <= CERTIFICATE_NAMES_MOST);
    demand(certificate_subject_print(certificate->issuer, printed, sizeof(printed)) >= 0);
    for (size_t i = 0; i < certificate->name_count; i++)
        demand(certificate_name_print(&certificate->names[i], printed, sizeof(printed)) >= 3);
    demand((trust_anchor_check(certificate, &why) == REASON_OK) == (why == NULL));
}

static void compare(const struct certificate *a, const struct certificate *b)
{
    uint32_t budget = 1000;
    bool equal = distinguished_name_equal(a->subject, b->issuer);

    demand(equal == distinguished_name_equal(b->issuer, a->subject));
    demand(!equal || distinguished_name_hash(a->subject) == distinguished_name_hash(b->issuer));
    demand(!equal || distinguished_name_within(a->subject, b->issuer) == NAME_EQUAL);
    if (a->name_constraints.length > 0 && name_constraints_are_sound(a->name_constraints))
        (void)name_constraints_allow(a->name_constraints, b, true, &budget);
}

static bool on_path(void *context, const struct trust_path *path)
{
    const struct trust_anchors *anchors = context;
    demand(path->count >= 2 && path->count <= TRUST_PATH_LONGEST);
    demand(path->anchor == trust_anchors_at(anchors, 0));
    demand(path->certificate[path->count - 1] == path->anchor->certificate);
    demand(path->valid_until >= NOW);
    return true;
}

static bool on_presented(void *context, const struct trust_path *path)
{
    const struct presented_chain *chain = context;
    const struct certificate *end = path->certificate[path->count - 1];

    demand(path->count >= 2 && path->count <= TRUST_PATH_LONGEST && path->anchor == NULL);
    demand(end->is_ca && end != chain->certificate[0] && path->valid_until >= NOW);
    return true;
}

static void on_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                      enum reason why, const char *detail)
{
    (void)context;
    demand(at != NULL && detail != NULL && why != REASON_OK && so_far->count <= TRUST_PATH_LONGEST);
}

static void search(const struct presented_chain *chain, struct trust_anchors *anchors)
{
    struct trust_trace trace = {.broke = on_broken};
    struct trust_search search = {.chain = chain,
                                  .anchors = anchors,
                                  .now = NOW,
                                  .found = on_path,
                                  .context = anchors,
                                  .trace = &trace};
    (void)trust_path_search(&search);
    struct trust_search presented = {.chain = chain,
                                     .ends_at_presented = true,
                                     .now = NOW,
                                     .found = on_presented,
                                     .context = (void *)(uintptr_t)chain,
                                     .trace = &trace};
    (void)trust_path_search(&presented);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text blocks[BLOCKS_MOST];
    size_t count = split_blocks(data, size, blocks);
    struct trust_anchors *anchors = trust_anchors_create();
    struct certificate *root;

    if (anchors == NULL || count == 0) {
        trust_anchors_destroy(anchors);
        return 0;
    }
    if (certificate_read(blocks[0], &root) == REASON_OK) {
        look_at(root);
        demand(trust_anchors_add(anchors, root) != NULL);
    }
    struct presented_chain *chain = presented_chain_read(blocks + 1, count - 1);
    demand(chain != NULL);
    for (size_t i = 0; i < chain->count; i++) {
        look_at(chain->certificate[i]);
        for (size_t j = 0; j < chain->count; j++)
            compare(chain->certificate[i], chain->certificate[j]);
    }
    search(chain, anchors);
    presented_chain_destroy(chain);
    trust_anchors_destroy(anchors);
    return 0;
}
