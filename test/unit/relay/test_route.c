/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay_test.h"

#include <stdio.h>

#include "gateway/relay/route.h"

static struct fixture fixture;
static char mark[DIALOG_MARK_LONGEST + 1]; /* of an inbound dialog of fabrikam.example, Call-ID c */
static char old_mark[DIALOG_MARK_LONGEST + 1];

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    mark[dialog_mark_write(&fixture.snapshot.dialog_key[0], DIRECTION_INBOUND, TEXT("fabrikam.example"),
                           TEXT("c"), mark, sizeof(mark) - 1)] = '\0';
    old_mark[dialog_mark_write(&fixture.snapshot.dialog_key[1], DIRECTION_OUTBOUND, TEXT("fabrikam.example"),
                               TEXT("c"), old_mark, sizeof(old_mark) - 1)] = '\0';
    return 0;
}

struct outcome {
    struct sample sample;
    struct route route;
    enum reason reason;
    char octets[8192], edited[8192];
};

/* `routes`: header lines; "$M" in them and in the Request-URI is the mark, "$O" one of the key before. */
static void expand(const char *from, char *to)
{
    for (; *from != '\0'; from++) {
        if (from[0] == '$' && (from[1] == 'M' || from[1] == 'O'))
            to += sprintf(to, "%s", *++from == 'M' ? mark : old_mark);
        else
            *to++ = *from;
    }
    *to = '\0';
}

static struct outcome *read_route(const char *uri, const char *routes)
{
    static struct outcome outcome;
    char plan[2048];
    struct sip_edit edit;

    snprintf(
        plan, sizeof(plan),
        "BYE %s SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bKa\r\n%sFrom: <sip:a@fabrikam.example>;tag=1\r\n"
        "To: <sip:b@corp.example>;tag=2\r\nCall-ID: c\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        uri, routes);
    expand(plan, outcome.octets);
    assert_int_equal(sample_read(&outcome.sample, text_of(outcome.octets)), REASON_OK);
    const char *what = NULL;
    outcome.reason = route_read(&fixture.worker, &outcome.sample.message, &outcome.route, &what);
    outcome.edited[0] = '\0';
    if (outcome.reason == REASON_OK) {
        sip_edit_init(&edit, &outcome.sample.message);
        route_edit(&outcome.sample.message, &outcome.route, &edit);
        size_t length = sip_edit_write(&edit, outcome.edited, sizeof(outcome.edited) - 1);
        assert_true(length > 0);
        outcome.edited[length] = '\0';
    } else {
        assert_non_null(what);
    }
    return &outcome;
}

/* What is left: the Request-URI and the Route lines, each with its CR LF. */
static const char *left(const struct outcome *outcome)
{
    static char text[4096];
    size_t used = 0;
    const char *line = outcome->edited + 4; /* behind "BYE " */
    used += (size_t)sprintf(text, "%.*s\r\n", (int)strcspn(line, " "), line);
    for (line = strstr(line, "\r\n") + 2; *line != '\r'; line = strstr(line, "\r\n") + 2) {
        if (strncmp(line, "Route:", 6) == 0)
            used += (size_t)sprintf(text + used, "%.*s", (int)(strstr(line, "\r\n") + 2 - line), line);
    }
    text[used] = '\0';
    return text;
}

#define OURS "<sip:sip.corp.example:5061;transport=tls;lr;dialog=$M>"
#define OURS_INSIDE "<sip:edge.corp.example:15061;transport=tls;lr;dialog=$M>"
#define OTHER "<sip:fe1.corp.example;lr>"

/* ---- our own entries ---- */

static void our_entries_are_taken_off(void **state)
{
    static const struct {
        const char *routes;
        size_t own;
        const char *left;
    } cases[] = {
        {"", 0, ""},
        {"Route: " OURS "\r\n", 1, ""},
        {"Route: " OURS ", " OURS_INSIDE "\r\n", 2, ""},
        {"Route: " OURS "\r\nRoute: " OURS_INSIDE "\r\n", 2, ""},
        {"Route: " OURS ", " OURS_INSIDE ", " OTHER "\r\n", 2, "Route: " OTHER "\r\n"},
        {"Route: " OURS "\r\nRoute: " OURS_INSIDE ", " OTHER "\r\n", 2, "Route: " OTHER "\r\n"},
        {"Route: " OURS "\r\nRoute: " OTHER "\r\nRoute: " OURS "\r\n", 1,
         "Route: " OTHER "\r\nRoute: " OURS "\r\n"},
        {"Route: " OTHER ", " OURS "\r\n", 0, "Route: " OTHER ", " OURS "\r\n"},
        {"Route: <sip:sip.corp.example>, " OTHER "\r\n", 1, "Route: " OTHER "\r\n"},
        {"Route: <sip:SIP.Corp.Example;lr>\r\n", 1, ""},
        {"Route: <sips:sip.corp.example;lr>\r\n", 1, ""},
        {"Route: <sip:sip.corp.example:5062;lr>\r\n", 0, "Route: <sip:sip.corp.example:5062;lr>\r\n"},
        {"Route: <sip:192.0.2.1;lr>\r\n", 1, ""},
        {"Route: <sip:192.0.2.1:5061;lr>\r\n", 1, ""},
        {"Route: <sip:192.0.2.1:5060;lr>\r\n", 0, "Route: <sip:192.0.2.1:5060;lr>\r\n"},
        {"Route: <sip:[::1]:15061;lr>\r\n", 1, ""},
        {"Route: <sip:xsip.corp.example;lr>\r\n", 0, "Route: <sip:xsip.corp.example;lr>\r\n"},
        {"Route: \"a, b\" <sip:sip.corp.example;lr> , " OTHER "\r\n", 1, "Route: " OTHER "\r\n"},
    };
    char expected[2048], expanded[2048];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome *outcome = read_route("sip:b@10.0.0.5", cases[i].routes);
        assert_int_equal(outcome->reason, REASON_OK);
        assert_int_equal(outcome->route.own_entries, cases[i].own);
        snprintf(expected, sizeof(expected), "sip:b@10.0.0.5\r\n%s", cases[i].left);
        expand(expected, expanded);
        assert_string_equal(left(outcome), expanded);
    }
}

static void the_next_hop_is_seen(void **state)
{
    (void)state;
    struct outcome *outcome = read_route("sip:b@10.0.0.5", "Route: " OURS ", " OTHER "\r\n");
    assert_text(outcome->route.next.host, "fe1.corp.example");
    outcome = read_route("sip:b@10.0.0.5", "Route: " OURS "\r\n");
    assert_int_equal(outcome->route.next.text.length, 0);
}

/* ---- marks ---- */

static void what_proves_a_dialog(void **state)
{
    static const struct {
        const char *routes;
        bool proven;
        enum direction direction;
    } cases[] = {
        {"Route: " OURS "\r\n", true, DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr;dialog=$O>\r\n", true, DIRECTION_OUTBOUND},
        {"Route: <sip:sip.corp.example;lr>, " OURS_INSIDE "\r\n", true, DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr>\r\n", false, DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr;dialog=i0123456789abcdef-fabrikam.example>\r\n", false,
         DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr;dialog>\r\n", false, DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr;dialog=$Mx>\r\n", false, DIRECTION_INBOUND},
        {"Route: " OTHER ", " OURS "\r\n", false, DIRECTION_INBOUND}, /* not on top: not ours to read */
        {"Route: <sip:fe1.corp.example;lr;dialog=$M>\r\n", false, DIRECTION_INBOUND},
        {"Route: <sip:sip.corp.example;lr>;dialog=$M\r\n", false,
         DIRECTION_INBOUND}, /* of the header, not of the URI */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome *outcome = read_route("sip:b@10.0.0.5", cases[i].routes);
        assert_int_equal(outcome->route.has_mark, cases[i].proven);
        if (!cases[i].proven)
            continue;
        assert_int_equal(outcome->route.mark.direction, cases[i].direction);
        assert_text(outcome->route.mark.domain, "fabrikam.example");
    }
}

/* ---- strict routers ---- */

static void a_strict_routers_work_is_undone(void **state)
{
    (void)state;
    struct outcome *outcome = read_route("sip:sip.corp.example:5061;transport=tls;lr;dialog=$M",
                                         "Route: " OTHER "\r\nRoute: <sip:b@10.0.0.5>\r\n");
    assert_int_equal(outcome->reason, REASON_OK);
    assert_true(outcome->route.request_uri_changed);
    assert_true(outcome->route.has_mark);
    assert_string_equal(left(outcome), "sip:b@10.0.0.5\r\nRoute: " OTHER "\r\n");
    outcome = read_route("sip:sip.corp.example;lr", "Route: <sip:b@10.0.0.5>\r\n");
    assert_string_equal(left(outcome), "sip:b@10.0.0.5\r\n");
    outcome = read_route("sip:sip.corp.example;lr", "Route: " OURS_INSIDE "\r\nRoute: <sip:b@10.0.0.5>\r\n");
    assert_string_equal(left(outcome), "sip:b@10.0.0.5\r\n");
    assert_int_equal(outcome->route.own_entries, 1);
}

static void what_no_strict_router_has_made(void **state)
{
    (void)state;
    struct outcome *outcome = read_route("sip:b@corp.example;lr", "Route: " OTHER "\r\n");
    assert_false(outcome->route.request_uri_changed);
    outcome =
        read_route("sip:sip.corp.example", "Route: " OTHER "\r\n"); /* without lr it is no entry of ours */
    assert_false(outcome->route.request_uri_changed);
    outcome = read_route("sip:sip.corp.example;lr", "");
    assert_false(outcome->route.request_uri_changed);
    assert_true(outcome->route.names_us);
}

/* ---- the gateway itself, and what is refused ---- */

static void who_is_meant(void **state)
{
    static const struct {
        const char *uri, *routes;
        bool us;
    } cases[] = {
        {"sip:sip.corp.example", "", true},
        {"sip:edge.corp.example:15061;transport=tls", "", true},
        {"sip:192.0.2.1", "", true},
        {"sip:sip.corp.example", "Route: " OURS "\r\n", true},
        {"sip:sip.corp.example", "Route: " OTHER "\r\n", false},
        {"sip:bob@sip.corp.example", "", false},
        {"sip:corp.example", "", false},
        {"sip:sip.corp.example:5070", "", false},
        {"sip:192.0.2.2", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(read_route(cases[i].uri, cases[i].routes)->route.names_us, cases[i].us);
}

static void routes_that_lead_nowhere(void **state)
{
    static const char *const routes[] = {
        "Route: <tel:+123>\r\n",
        "Route: <mailto:a@b>\r\n",
        "Route: " OURS ", <tel:+123>\r\n",
        "Route: " OURS "\r\nRoute: <http://fe1.corp.example>\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(routes); i++)
        assert_int_equal(read_route("sip:b@10.0.0.5", routes[i])->reason, REASON_MALFORMED_MESSAGE);
    assert_int_equal(read_route("sip:sip.corp.example;lr", "Route: <tel:+123>\r\n")->reason,
                     REASON_MALFORMED_MESSAGE);
    assert_int_equal(read_route("sip:sip.corp.example;lr", "Route: " OTHER ", <sip:b@10.0.0.5>\r\n")->reason,
                     REASON_MALFORMED_MESSAGE);
}

static void a_reload_may_change_our_name(void **state)
{
    struct sip_uri uri;
    (void)state;
    assert_true(sip_uri_read(TEXT("sip:new.corp.example"), &uri));
    assert_false(route_names_us(&fixture.worker, &uri));
    fixture.settings.external.host = "new.corp.example";
    assert_true(route_names_us(&fixture.worker, &uri));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(our_entries_are_taken_off),      TEST(the_next_hop_is_seen),
        TEST(what_proves_a_dialog),           TEST(a_strict_routers_work_is_undone),
        TEST(what_no_strict_router_has_made), TEST(who_is_meant),
        TEST(routes_that_lead_nowhere),       TEST(a_reload_may_change_our_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
