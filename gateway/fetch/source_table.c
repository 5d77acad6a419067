/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/fetch/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which sources are known, and for whom: no partner crowds out the sources of another. */

static char *make_id(enum evidence_kind kind, struct text key, size_t *length)
{
    char *id = malloc(key.length + 1);

    if (id == NULL)
        return NULL;
    id[0] = kind == EVIDENCE_CRL ? 'C' : 'O';
    memcpy(id + 1, key.at, key.length);
    *length = key.length + 1;
    return id;
}

void fetcher_forget(struct fetcher *fetcher, struct source *source)
{
    if (source->entry != NULL)
        fetcher_changed(fetcher, source);
    HASH_DEL(fetcher->sources, source);
    source_destroy(source);
}

/* Makes room for one more of this owner's that the settings do not list. False: there is none. */
static bool make_room(struct fetcher *fetcher, const char *owner)
{
    struct source *source, *next, *oldest = NULL;
    size_t same = 0;

    if (HASH_COUNT(fetcher->sources) < FETCHER_SOURCES_OF_ONE_MOST)
        return true;
    HASH_ITER(hh, fetcher->sources, source, next)
    {
        if (source->is_listed || strcmp(source->owner, owner) != 0)
            continue;
        same++;
        if (!source->is_active && (oldest == NULL || source->needed < oldest->needed))
            oldest = source;
    }
    if (same < FETCHER_SOURCES_OF_ONE_MOST && HASH_COUNT(fetcher->sources) < FETCHER_SOURCES_MOST)
        return true;
    if (oldest != NULL)
        fetcher_forget(fetcher, oldest);
    return oldest != NULL;
}

static struct source *create(struct fetcher *fetcher, enum evidence_kind kind, struct text url, char *id,
                             size_t id_length)
{
    struct source *source = calloc(1, sizeof(*source));

    if (source != NULL)
        source->url = text_copy(url);
    if (source == NULL || source->url == NULL) {
        free(source);
        free(id);
        return NULL;
    }
    source->fetcher = fetcher;
    source->kind = kind;
    source->id = id;
    source->id_length = id_length;
    source->key = (struct text){id + 1, id_length - 1};
    source->folder_tried = fetcher->options.mode == FETCHER_ONCE;
    HASH_ADD_KEYPTR(hh, fetcher->sources, source->id, source->id_length, source);
    return source;
}

struct source *fetcher_source(struct fetcher *fetcher, enum evidence_kind kind, struct text key,
                              struct text url, const char *owner, bool is_listed)
{
    struct source *source = NULL;
    size_t length = 0;
    char *id = make_id(kind, key, &length);

    if (id == NULL)
        return NULL;
    owner = owner == NULL ? "" : owner;
    HASH_FIND(hh, fetcher->sources, id, length, source);
    bool has_room = source == NULL && (is_listed ? HASH_COUNT(fetcher->sources) < FETCHER_SOURCES_MOST
                                                 : make_room(fetcher, owner));
    if (has_room)
        source = create(fetcher, kind, url, id, length);
    else
        free(id);
    if (source == NULL)
        return NULL;
    source->is_listed = source->is_listed || is_listed;
    if (!source->is_active && (is_listed || !source->is_listed))
        snprintf(source->owner, sizeof(source->owner), "%s", owner);
    return source;
}
