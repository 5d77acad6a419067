/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What adding an anchor costs, however many have its name: looks into the tables, and so takes their source.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy/trust_anchor.c"

#include "certificate_factory.h"

#define ANCHORS 600u

static struct certificate *of_one_name(unsigned number)
{
    const struct factory_order order = {.subject = "Root", .serial = number + 1, .ca = true};
    return factory_certificate(&order);
}

/* Whoever went from the first to the last would stop at the cut, and hang the new one there. */
static void adding_passes_none_that_is_there(void **state)
{
    struct trust_anchors *anchors = trust_anchors_create();
    const struct trust_anchor *anchor = NULL;
    unsigned grown = 0;
    uint32_t count = 0;

    (void)state;
    for (unsigned i = 0; i < ANCHORS; i++) {
        struct entry *first = i == 0 ? NULL : anchors->entry[0], *second = NULL;
        bool cut = i > 1 && anchors->count < anchors->room;
        grown += anchors->count == anchors->room;
        if (cut) {
            second = first->next_by_subject;
            first->next_by_subject = NULL;
        }
        assert_non_null(trust_anchors_add(anchors, of_one_name(i)));
        if (cut) {
            assert_null(first->next_by_subject);
            first->next_by_subject = second;
        }
    }
    assert_int_equal(grown, 7); /* 16, 32, ... 1024: each time all are hung anew, so twice as many in all */
    struct text name = anchors->entry[0]->anchor.certificate->subject;
    while ((anchor = trust_anchors_by_subject(anchors, name, anchor)) != NULL)
        assert_int_equal(anchor->index, count++);
    assert_int_equal(count, ANCHORS);
    for (unsigned i = 0; i < ANCHORS; i += 37) { /* and each is still found by its octets */
        struct certificate *again;
        assert_int_equal(certificate_read(anchors->entry[i]->anchor.certificate->der, &again), REASON_OK);
        assert_ptr_equal(trust_anchors_add(anchors, again), &anchors->entry[i]->anchor);
    }
    assert_int_equal(trust_anchors_count(anchors), ANCHORS);
    trust_anchors_destroy(anchors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adding_passes_none_that_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
