/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs crossings.cases: what comes, and what goes out on the other side, byte for byte. */
#include "relay_fixture.h"

#include <stdio.h>

#include "gateway/relay/border.h"
#include "gateway/relay/crossing.h"

#define TEXT_MOST 16384

struct passage {
    char name[128], words[128];
    char comes[TEXT_MOST], goes[TEXT_MOST];
    bool goes_not;
};

static struct passage passages[64];
static size_t passage_count;

/* ---- reading ---- */

static bool has_word(const struct passage *passage, const char *word)
{
    const char *at = strstr(passage->words, word);
    size_t length = strlen(word);
    return at != NULL && (at == passage->words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' ');
}

static void add_line(char *to, const char *line)
{
    assert_true(strlen(to) + strlen(line) + 3 < TEXT_MOST);
    strcat(to, line);
    strcat(to, "\r\n");
}

static void read_passages(const char *path)
{
    char line[1024];
    struct passage *passage = NULL;
    char *into = NULL;
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "=== ", 4) == 0) {
            passage = &passages[passage_count++];
            snprintf(passage->name, sizeof(passage->name), "%.127s", line + 4);
            into = NULL;
        } else if (passage != NULL && strncmp(line, "comes: ", 7) == 0) {
            snprintf(passage->words, sizeof(passage->words), "%.127s", line + 7);
            into = passage->comes;
        } else if (passage != NULL && strncmp(line, "goes:", 5) == 0) {
            passage->goes_not = strcmp(line, "goes: not") == 0;
            into = passage->goes_not ? NULL : passage->goes;
        } else if (into != NULL) {
            add_line(into, line);
        }
    }
    fclose(file);
}

/* Every `what` becomes `with`. */
static void replace(char *text, const char *what, const char *with)
{
    static char copy[TEXT_MOST];
    char *at;
    while ((at = strstr(text, what)) != NULL) {
        snprintf(copy, sizeof(copy), "%s", at + strlen(what));
        assert_true((size_t)(at - text) + strlen(with) + strlen(copy) < TEXT_MOST);
        sprintf(at, "%s%s", with, copy);
    }
}

static const char *mark_of(enum direction direction)
{
    static char mark[DIALOG_MARK_LONGEST + 1];
    size_t length = dialog_mark_write(&lab.fixture.snapshot.dialog_key[0], direction,
                                      TEXT("fabrikam.example"), TEXT("c"), mark, sizeof(mark) - 1);
    mark[length] = '\0';
    return mark;
}

/* ---- running ---- */

static struct sip_message message;

static void read_message(char *comes)
{
    const char *what;
    struct text octets = text_of(comes);
    assert_int_equal(
        sip_message_read(&message, octets, header_length_of(octets), lab.worker->header, WORDS_MOST, &what),
        REASON_OK);
}

/* As response.c has it. */
static bool write_response(const struct passage *passage, char *to)
{
    struct sip_edit edit;
    struct lines lines;

    sip_edit_init(&edit, &message);
    lines_init(&lines, lab.worker->lines, LINES_BUFFER);
    sip_edit_remove_first_value(&edit, sip_message_first(&message, SIP_HEADER_VIA));
    if (has_word(passage, "out"))
        border_inward(&edit, &lines, lab.worker, &message, lab.edge->peer, lab.fabrikam);
    else
        border_outward(&edit, &message);
    size_t length = lines.out.failed ? 0 : sip_edit_write(&edit, to, TEXT_MOST - 1);
    to[length] = '\0';
    return length > 0;
}

static bool write_request(const struct passage *passage, char *to)
{
    struct route route;
    const char *what;
    char branch[BRANCH_LENGTH + 1];
    bool inbound = has_word(passage, "in");

    assert_int_equal(route_read(lab.worker, &message, &route, &what), REASON_OK);
    struct crossing crossing = {.worker = lab.worker,
                                .from = inbound ? lab.outside : lab.inside,
                                .message = &message,
                                .route = &route,
                                .direction = inbound ? DIRECTION_INBOUND : DIRECTION_OUTBOUND,
                                .partner = lab.fabrikam,
                                .domain = TEXT("fabrikam.example")};
    struct transaction *transaction = transaction_create(lab.worker->transactions);
    bool composed =
        crossing_compose(&crossing, transaction, crossing_loop_mark(lab.worker, &message, &route));
    if (composed) {
        memcpy(to, transaction->request, transaction->request_length);
        to[transaction->request_length] = '\0';
        memcpy(branch, transaction->request + transaction->branch_at, BRANCH_LENGTH);
        branch[BRANCH_LENGTH] = '\0';
        assert_ptr_equal(transaction_by_branch(lab.worker->transactions, text_of(branch)), transaction);
        assert_int_equal(transaction->header_length, header_length_of(text_of(to)));
        replace(to, branch, "{branch}");
        replace(to, mark_of(route.has_mark ? route.mark.direction : crossing.direction), "{mark}");
    }
    buffer_give(&lab.worker->buffers, transaction->request, transaction->request_length);
    transaction_free(lab.worker->transactions, transaction);
    return composed;
}

static void a_passage(void **state)
{
    static char went[TEXT_MOST];
    struct passage *passage = *state;

    lab_set_up(NULL);
    lab.fabrikam->keep_asserted_identity = has_word(passage, "keep");
    lab.fabrikam->locate = has_word(passage, "locate-srv") ? LOCATE_SRV : LOCATE_FIXED;
    if (has_word(passage, "names")) {
        lab.fabrikam->identity = IDENTITY_NAMES;
        lab.fabrikam->identity_names = calloc(1, sizeof(char *));
        lab.fabrikam->identity_names[0] = strdup("fabrikam.example");
        lab.fabrikam->identity_name_count = 1;
    }
    replace(passage->comes, "{mark}", mark_of(DIRECTION_INBOUND));
    read_message(passage->comes);
    bool written =
        has_word(passage, "response") ? write_response(passage, went) : write_request(passage, went);
    assert_int_equal(written, !passage->goes_not);
    if (written)
        assert_string_equal(went, passage->goes);
    lab_tear_down(NULL);
}

/* ---- loops ---- */

static void loops(void **state)
{
    static char again[TEXT_MOST];
    struct route route;
    const char *what;
    struct passage *passage = &passages[0];
    (void)state;

    lab_set_up(NULL);
    read_message(passage->comes);
    assert_int_equal(route_read(lab.worker, &message, &route, &what), REASON_OK);
    uint64_t mark = crossing_loop_mark(lab.worker, &message, &route);
    assert_false(crossing_is_loop(lab.worker, &message, mark));
    assert_true(write_request(passage, again));
    replace(again, "{branch}", "z9hG4bK00000000ffffffffffffffff0000000000000000");
    char digits[17];
    snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)mark);
    memcpy(strstr(again, "ffffffffffffffff") + 16, digits, 16);
    read_message(again); /* it comes back as it went */
    assert_int_equal(route_read(lab.worker, &message, &route, &what), REASON_OK);
    assert_true(crossing_loop_mark(lab.worker, &message, &route) == mark);
    assert_true(crossing_is_loop(lab.worker, &message, mark));
    /* Another Request-URI is a spiral, and someone else's Via is none of ours. */
    replace(again, "MESSAGE sip:alice@", "MESSAGE sip:carol@");
    read_message(again);
    assert_int_equal(route_read(lab.worker, &message, &route, &what), REASON_OK);
    assert_false(crossing_is_loop(lab.worker, &message, crossing_loop_mark(lab.worker, &message, &route)));
    replace(again, "TLS edge.corp.example", "TLS edge.else.example");
    read_message(again);
    assert_false(crossing_is_loop(lab.worker, &message, mark));
    lab_tear_down(NULL);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[COUNT_OF(passages) + 1];

    if (argc != 2)
        return 1;
    read_passages(argv[1]);
    if (passage_count == 0)
        return 1;
    for (size_t i = 0; i < passage_count; i++)
        tests[i] = (struct CMUnitTest){passages[i].name, a_passage, NULL, NULL, &passages[i]};
    tests[passage_count] = (struct CMUnitTest)cmocka_unit_test(loops);
    return _cmocka_run_group_tests("crossings", tests, passage_count + 1, NULL, NULL);
}
