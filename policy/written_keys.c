/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/written_keys.h"

#include <stdlib.h>
#include <string.h>

struct written_key {
    struct text name; /* behind the list, in the same memory */
    uint64_t hash;
};

struct written_keys {
    size_t count;
    struct written_key key[];
};

/* ---- what a key says ---- */

static uint64_t hash_octets_of(uint64_t hash, const void *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ ((const unsigned char *)octets)[i]) * 0x100000001b3u;
    return hash;
}

/* Lengths, kinds and counts go in, so that no two trees read the same. The depth is that of the YAML reader.
 */
static uint64_t hash_node(uint64_t hash, const struct yaml_node *node)
{
    uint64_t shape[4] = {node->kind, node->count, node->key.length, node->value.length};

    hash = hash_octets_of(hash, shape, sizeof(shape));
    hash = hash_octets_of(hash, node->key.at, node->key.length);
    hash = hash_octets_of(hash, node->value.at, node->value.length);
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next)
        hash = hash_node(hash, entry);
    return hash;
}

/* ---- reading ---- */

/* Walks over all keys; where `keys` is NULL it only counts them and the octets of their names. */
struct taking {
    struct written_keys *keys;
    char *names; /* where the next name goes */
    size_t count, octets;
};

static void take(struct taking *taking, const struct yaml_node *section, const struct yaml_node *entry)
{
    size_t prefix = section == NULL ? 0 : section->key.length + 1, length = prefix + entry->key.length;

    taking->count++;
    taking->octets += length;
    if (taking->keys == NULL)
        return;
    if (section != NULL) {
        memcpy(taking->names, section->key.at, section->key.length);
        taking->names[prefix - 1] = '.';
    }
    memcpy(taking->names + prefix, entry->key.at, entry->key.length);
    taking->keys->key[taking->keys->count++] =
        (struct written_key){{taking->names, length}, hash_node(0xcbf29ce484222325u, entry)};
    taking->names += length;
}

static void take_all(struct taking *taking, const struct yaml_node *mapping, bool sections)
{
    for (const struct yaml_node *entry = mapping->first; entry != NULL; entry = entry->next) {
        if (!sections || entry->kind != YAML_MAPPING) {
            take(taking, NULL, entry);
            continue;
        }
        for (const struct yaml_node *inner = entry->first; inner != NULL; inner = inner->next)
            take(taking, entry, inner);
    }
}

struct written_keys *written_keys_read(const struct yaml_node *mapping, bool sections)
{
    struct taking taking = {0};

    if (mapping->kind == YAML_MAPPING)
        take_all(&taking, mapping, sections);
    size_t list = sizeof(struct written_keys) + taking.count * sizeof(struct written_key);
    struct written_keys *keys = malloc(list + taking.octets);
    if (keys == NULL)
        return NULL;
    keys->count = 0;
    taking = (struct taking){.keys = keys, .names = (char *)keys + list};
    if (mapping->kind == YAML_MAPPING)
        take_all(&taking, mapping, sections);
    return keys;
}

void written_keys_destroy(struct written_keys *keys)
{
    free(keys);
}

/* ---- comparing ---- */

static const struct written_key *find(const struct written_keys *keys, struct text name)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        if (text_equal(keys->key[i].name, name))
            return &keys->key[i];
    }
    return NULL;
}

void written_keys_compare(const struct written_keys *before, const struct written_keys *after,
                          void (*differs)(void *context, struct text key), void *context)
{
    for (size_t i = 0; after != NULL && i < after->count; i++) {
        const struct written_key *old = find(before, after->key[i].name);
        if (old == NULL || old->hash != after->key[i].hash)
            differs(context, after->key[i].name);
    }
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        if (find(after, before->key[i].name) == NULL)
            differs(context, before->key[i].name);
    }
}
