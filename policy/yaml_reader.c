/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The happy path: check_text looks at every octet once; then libyaml's events come in order, and each opens,
 * fills or closes a node. The tree is a list of blocks that is freed whole. It can fail when the text is no
 * YAML, is too large, too deep or of too many nodes: then there is no tree. What is YAML but not wanted here
 * (anchors, aliases, tags, duplicate keys) is reported and read over, so that one look at the problems shows
 * all of them. */

#include "policy/yaml_reader.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "policy/utf8.h"
#include "policy/yaml_complaint.h"

#define BLOCK_OCTETS 8192u

struct block {
    struct block *next;
    size_t used, size;
    max_align_t octets[];
};

struct yaml_tree {
    struct block *blocks; /* owned */
    struct yaml_node *root;
};

/* A list or mapping that is not closed yet. */
struct open {
    struct yaml_node *node;
    struct yaml_node **end; /* where the next entry goes */
    struct text key;        /* a key that waits for its value */
    yaml_mark_t key_mark;
    bool has_key;
};

struct builder {
    struct yaml_tree *tree;
    struct yaml_complaint complaint;
    size_t nodes_left;
    struct open open[YAML_DEPTH_MOST];
    unsigned depth;
    bool has_document;
    bool failed;
};

static void *take(struct yaml_tree *tree, size_t octets)
{
    octets = (octets + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct block *block = tree->blocks;
    if (block == NULL || block->size - block->used < octets) {
        size_t size = octets > BLOCK_OCTETS ? octets : BLOCK_OCTETS;
        block = malloc(sizeof(*block) + size);
        if (block == NULL)
            return NULL;
        *block = (struct block){.next = tree->blocks, .size = size};
        tree->blocks = block;
    }
    void *at = (char *)block->octets + block->used;
    block->used += octets;
    return at;
}

static void fail(struct builder *builder, const yaml_mark_t *mark, const char *token, const char *why)
{
    yaml_complain_at(&builder->complaint, mark, token, "%s", why);
    builder->failed = true;
}

static struct text keep(struct builder *builder, struct text text)
{
    char *copy = take(builder->tree, text.length + 1);
    if (copy == NULL) {
        builder->failed = true;
        problems_out_of_memory(builder->complaint.problems);
        return TEXT_NONE;
    }
    if (text.length > 0)
        memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    return (struct text){copy, text.length};
}

static struct yaml_node *node_add(struct builder *builder, enum yaml_kind kind, const yaml_mark_t *mark)
{
    if (builder->nodes_left == 0) {
        fail(builder, mark, "yaml-too-large", "the file has more entries than fedgate reads; split it");
        return NULL;
    }
    struct yaml_node *node = take(builder->tree, sizeof(*node));
    if (node == NULL) {
        builder->failed = true;
        problems_out_of_memory(builder->complaint.problems);
        return NULL;
    }
    builder->nodes_left--;
    *node = (struct yaml_node){
        .kind = kind, .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1};

    struct open *open = builder->depth == 0 ? NULL : &builder->open[builder->depth - 1];
    if (open == NULL) {
        builder->tree->root = node;
        return node;
    }
    if (open->node->kind == YAML_MAPPING) {
        node->key = open->key;
        node->key_line = (unsigned)open->key_mark.line + 1;
        node->key_column = (unsigned)open->key_mark.column + 1;
        open->has_key = false;
    }
    *open->end = node;
    open->end = &node->next;
    open->node->count++;
    return node;
}

static bool waits_for_key(const struct builder *builder)
{
    if (builder->depth == 0)
        return false;
    const struct open *open = &builder->open[builder->depth - 1];
    return open->node->kind == YAML_MAPPING && !open->has_key;
}

static void take_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct text value = {(const char *)event->data.scalar.value, event->data.scalar.length};

    yaml_complain_of_properties(&builder->complaint, &event->start_mark, event->data.scalar.anchor,
                                event->data.scalar.tag);
    yaml_complain_of_escapes(&builder->complaint, &event->start_mark, value);
    if (waits_for_key(builder)) {
        struct open *open = &builder->open[builder->depth - 1];
        open->key = keep(builder, value);
        open->key_mark = event->start_mark;
        open->has_key = true;
        return;
    }
    struct yaml_node *node = node_add(builder, YAML_SCALAR, &event->start_mark);
    if (node == NULL)
        return;
    node->value = keep(builder, value);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static void take_alias(struct builder *builder, const yaml_event_t *event)
{
    yaml_complain_at(&builder->complaint, &event->start_mark, "yaml-alias",
                     "an alias (*%s) is not read here; write the value out",
                     (const char *)event->data.alias.anchor);
    if (waits_for_key(builder))
        builder->failed = true;
    else
        node_add(builder, YAML_BROKEN, &event->start_mark);
}

static void take_start(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
                       const yaml_char_t *anchor, const yaml_char_t *tag)
{
    yaml_complain_of_properties(&builder->complaint, &event->start_mark, anchor, tag);
    if (waits_for_key(builder)) {
        fail(builder, &event->start_mark, "yaml-syntax", "a key must be a word; this is a list or a mapping");
        return;
    }
    if (builder->depth == YAML_DEPTH_MOST) {
        fail(builder, &event->start_mark, "yaml-syntax", "lists and mappings are nested too deep");
        return;
    }
    struct yaml_node *node = node_add(builder, kind, &event->start_mark);
    if (node != NULL)
        builder->open[builder->depth++] = (struct open){.node = node, .end = &node->first};
}

static int by_key_and_place(const void *a, const void *b)
{
    const struct yaml_node *x = *(struct yaml_node *const *)a, *y = *(struct yaml_node *const *)b;
    size_t common = x->key.length < y->key.length ? x->key.length : y->key.length;
    int order = common == 0 ? 0 : memcmp(x->key.at, y->key.at, common);
    if (order != 0)
        return order;
    if (x->key.length != y->key.length)
        return x->key.length < y->key.length ? -1 : 1;
    if (x->key_line != y->key_line)
        return x->key_line < y->key_line ? -1 : 1;
    return x->key_column < y->key_column ? -1 : x->key_column > y->key_column;
}

/* Sorted, because a mapping may have as many keys as the file has room for. The first of equal keys stays. */
static void drop_duplicates(struct builder *builder, struct yaml_node *mapping)
{
    struct yaml_node **sorted = calloc(mapping->count + 1, sizeof(struct yaml_node *));
    size_t count = 0;
    if (sorted == NULL) {
        builder->failed = true;
        problems_out_of_memory(builder->complaint.problems);
        return;
    }
    for (struct yaml_node *entry = mapping->first; entry != NULL; entry = entry->next)
        sorted[count++] = entry;
    qsort(sorted, count, sizeof(sorted[0]), by_key_and_place);
    for (size_t first = 0, i = 1; i < count; i++) {
        if (!text_equal(sorted[first]->key, sorted[i]->key)) {
            first = i;
            continue;
        }
        yaml_complain_of_duplicate(&builder->complaint, sorted[first], sorted[i]);
        sorted[i]->kind = YAML_BROKEN;
        sorted[i]->key_line = 0; /* the mark of those that leave */
    }
    free(sorted);
    for (struct yaml_node **at = &mapping->first; *at != NULL;) {
        if ((*at)->key_line != 0) {
            at = &(*at)->next;
            continue;
        }
        *at = (*at)->next;
        mapping->count--;
    }
}

static void take_end(struct builder *builder)
{
    struct yaml_node *node = builder->open[--builder->depth].node;
    if (node->kind == YAML_MAPPING)
        drop_duplicates(builder, node);
}

static void take_document(struct builder *builder, const yaml_event_t *event)
{
    if (builder->has_document) {
        fail(builder, &event->start_mark, "yaml-syntax",
             "a second document starts here; a file holds one, so remove this line or what follows it");
        return;
    }
    builder->has_document = true;
    if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
        yaml_complain_at(&builder->complaint, &event->start_mark, "yaml-tag",
                         "a %%TAG directive is not read here; remove it");
}

static void take_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        take_document(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        take_scalar(builder, event);
        break;
    case YAML_ALIAS_EVENT:
        take_alias(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        take_start(builder, event, YAML_LIST, event->data.sequence_start.anchor,
                   event->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        take_start(builder, event, YAML_MAPPING, event->data.mapping_start.anchor,
                   event->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        take_end(builder);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

static void build(struct builder *builder, struct text text)
{
    yaml_parser_t parser;
    bool ended = false;

    if (!yaml_parser_initialize(&parser)) {
        builder->failed = true;
        problems_out_of_memory(builder->complaint.problems);
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.at, text.length);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    while (!builder->failed && !ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            yaml_complain_of_syntax(&builder->complaint, &parser, text);
            builder->failed = true;
            break;
        }
        take_event(builder, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

struct yaml_tree *yaml_read(struct text text, const char *file, const struct yaml_bounds *bounds,
                            struct problems *problems)
{
    struct builder builder = {.complaint = {.file = file, .problems = problems}, .nodes_left = bounds->nodes};

    if (text.length > bounds->octets) {
        problems_add(problems, SEVERITY_ERROR, (struct place){file, 0, 0}, "file-too-large",
                     "the file has %zu octets; fedgate reads at most %zu", text.length, bounds->octets);
        return NULL;
    }
    if (!yaml_check_text(&builder.complaint, text))
        return NULL;
    builder.tree = calloc(1, sizeof(*builder.tree));
    if (builder.tree == NULL) {
        problems_out_of_memory(problems);
        return NULL;
    }
    build(&builder, text);
    if (!builder.failed && builder.tree->root == NULL) {
        problems_add(problems, SEVERITY_ERROR, (struct place){file, 1, 1}, "yaml-syntax",
                     "the file is empty");
        builder.failed = true;
    }
    if (!builder.failed)
        return builder.tree;
    yaml_tree_destroy(builder.tree);
    return NULL;
}

const struct yaml_node *yaml_root(const struct yaml_tree *tree)
{
    return tree->root;
}

void yaml_tree_destroy(struct yaml_tree *tree)
{
    if (tree == NULL)
        return;
    while (tree->blocks != NULL) {
        struct block *next = tree->blocks->next;
        free(tree->blocks);
        tree->blocks = next;
    }
    free(tree);
}
