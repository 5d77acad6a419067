/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include <stdlib.h>
#include <string.h>

struct uri_case {
    const char *text, *user, *host, *parameters;
    unsigned port; /* 0: none */
    bool is_ipv6;
};

static void well_formed_uris_are_taken_apart(void **state)
{
    static const struct uri_case cases[] = {
        {"sip:example.com", "", "example.com", "", 0, false},
        {"SIP:Bob@Example.COM", "Bob", "Example.COM", "", 0, false},
        {"sips:bob:secret@example.com:5061", "bob:secret", "example.com", "", 5061, false},
        {"sip:bob@example.com.", "bob", "example.com.", "", 0, false},
        {"sip:bob@192.0.2.4:65535", "bob", "192.0.2.4", "", 65535, false},
        {"sip:[2001:db8::10]", "", "2001:db8::10", "", 0, true},
        {"sip:[2001:db8::10:5070]", "", "2001:db8::10:5070", "", 0, true},
        {"sip:[2001:db8::10]:5070", "", "2001:db8::10", "", 5070, true},
        {"sip:user@[::ffff:192.0.2.10]:19823", "user", "::ffff:192.0.2.10", "", 19823, true},
        {"sip:user@[2001:db8:::192.0.2.1]", "user", "2001:db8:::192.0.2.1", "", 0, true},
        {"sip:user@[2001:db8::192.0.2.1]", "user", "2001:db8::192.0.2.1", "", 0, true},
        {"sip:[::]", "", "::", "", 0, true},
        {"sip:[::1]", "", "::1", "", 0, true},
        {"sip:[1:2:3:4:5:6:7:8];lr", "", "1:2:3:4:5:6:7:8", "lr", 0, true},
        {"sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", "", 0, false},
        {"sip:null-%00-null@example.com", "null-%00-null", "example.com", "", 0, false},
        {"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
         "@example.com",
         "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
         "example.com", "", 0, false},
        {"sip:a@corp.example;opaque=app:conf:focus:id:X1;gruu", "a", "corp.example",
         "opaque=app:conf:focus:id:X1;gruu", 0, false},
        {"sip:a@host;%6C%72;n%61me=v%61lue%25%34%31", "a", "host", "%6C%72;n%61me=v%61lue%25%34%31", 0,
         false},
        {"sip:a@host:5060;maddr=192.0.2.1;transport=tls", "a", "host", "maddr=192.0.2.1;transport=tls", 5060,
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_uri uri;
        if (!sip_uri_read(text_of(cases[i].text), &uri))
            fail_msg("refused: %s", cases[i].text);
        assert_text(uri.user, cases[i].user);
        assert_text(uri.host, cases[i].host);
        assert_text(uri.parameters, cases[i].parameters);
        assert_int_equal(uri.has_user, cases[i].user[0] != '\0');
        assert_int_equal(uri.port, cases[i].port);
        assert_int_equal(uri.has_port, cases[i].port != 0);
        assert_int_equal(uri.host_is_ipv6, cases[i].is_ipv6);
        assert_false(uri.has_headers);
    }
}

static void malformed_uris_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "sip",
        "sip:",
        ":bob@example.com",
        "<sip:bob@example.com>",
        " sip:bob@example.com",
        "sip:bob@example.com ",
        "sip:bob@exa mple.com",
        "sip:bob@example.com; lr",
        "sip:@example.com",
        "sip:bob@",
        "sip:a@evil.example@good.example",
        "sip:bob@example.com:",
        "sip:bob@example.com:0",
        "sip:bob@example.com:65536",
        "sip:bob@example.com:4294967301",
        "sip:bob@example.com:+5060",
        "sip:bob@example.com:5060x",
        "sip:2001:db8::10",
        "sip:bob@2001:db8::10",
        "sip:[2001:db8::10",
        "sip:[2001:db8::10]x",
        "sip:[]",
        "sip:[:]",
        "sip:[1:2:3:4:5:6:7]",
        "sip:[1:2:3:4:5:6:7:8:9]",
        "sip:[1::2::3]",
        "sip:[12345::]",
        "sip:[g::]",
        "sip:[1:2:3:4:5:6:7:8::]",
        "sip:[::1:]",
        "sip:[:1::]",
        "sip:[2001:db8:::1]",
        "sip:[::::192.0.2.1]",
        "sip:[::192.0.2.256]",
        "sip:[::192.0.2]",
        "sip:[::192.0.2.1:5]",
        "sip:[fe80::1%25eth0]",
        "sip:b%4@example.com",
        "sip:b%zz@example.com",
        "sip:b\"q@example.com",
        "sip:b[1]@example.com",
        "sip:b\\@example.com",
        "sip:bob@-example.com",
        "sip:bob@exa..mple",
        "sip:bob@example.com;;lr",
        "sip:bob@example.com;",
        "sip:bob@example.com;=x",
        "sip:bob@example.com;maddr=192.0.2.1;maddr=192.0.2.2",
        "sip:bob@example.com;Transport=tcp;transport=tls",
        "sip:bob@example.com;maddr=192.0.2.1;%6daddr=192.0.2.2",
        "sip:bob@1234",
        "sip:bob@1.2.3.4.5",
        "sip:bob@256.1.1.1",
        "1sip:x",
        "s p:x",
        "isbn:",
        "sip:\xc3\xa9@x",
        "sip:bob@example.com\r\n",
        "sip:bob@ex\tample",
        "sip:bob@exam\x7fple.com",
        "sip:*@*",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_uri uri;
        char *exact = exact_copy(text_of(cases[i]));
        if (sip_uri_read((struct text){exact, strlen(cases[i])}, &uri))
            fail_msg("accepted: %s", cases[i]);
        free(exact);
    }
    struct sip_uri uri;
    assert_false(sip_uri_read((struct text){"sip:b\0b@example.com", 18}, &uri));
    assert_false(sip_uri_read((struct text){"sip:bob@example.com\0.evil", 25}, &uri));
}

static void other_schemes_are_opaque(void **state)
{
    struct sip_uri uri;
    (void)state;
    assert_true(sip_uri_read(TEXT("tel:+1-201-555-0123;phone-context=x"), &uri));
    assert_int_equal(uri.kind, SIP_URI_TEL);
    assert_true(sip_uri_read(TEXT("soap.beep://192.0.2.103:3002"), &uri));
    assert_int_equal(uri.kind, SIP_URI_OTHER);
    assert_text(uri.scheme, "soap.beep");
    assert_int_equal(uri.host.length, 0);
    assert_true(sip_uri_read(TEXT("az09+-.:x"), &uri));
    assert_text(uri.scheme, "az09+-.");
    assert_true(sip_uri_read(TEXT("Z:x"), &uri));
    assert_true(sip_uri_read(TEXT("sipx:a@b"), &uri));
    assert_int_equal(uri.kind, SIP_URI_OTHER);
}

static void parameters_of_uris(void **state)
{
    struct sip_uri uri;
    (void)state;
    assert_true(sip_uri_read(TEXT("sip:a@b;xlr;Transport=TLS;MADDR=192.0.2.1;lr?Route=x"), &uri));
    assert_true(sip_uri_is_loose_router(&uri));
    assert_text(sip_uri_transport(&uri), "TLS");
    assert_text(sip_uri_maddr(&uri), "192.0.2.1");
    assert_true(uri.has_headers);
    assert_text(uri.headers, "Route=x");
    assert_true(sip_uri_read(TEXT("sip:a@b;xlr;lrx=lr"), &uri));
    assert_false(sip_uri_is_loose_router(&uri));
    assert_true(sip_uri_read(TEXT("sip:lr;lr@b"), &uri));
    assert_false(sip_uri_is_loose_router(&uri));
    assert_true(sip_uri_read(TEXT("sip:a@b;lr=on"), &uri));
    assert_true(sip_uri_is_loose_router(&uri));
    assert_int_equal(sip_uri_transport(&uri).length, 0);
    /* RFC 4475 3.1.1.3: an escaped name is the name. */
    assert_true(sip_uri_read(TEXT("sip:a@b;%6C%72;%4daddR=192.0.2.1;transpor%74=tls"), &uri));
    assert_true(sip_uri_is_loose_router(&uri));
    assert_text(sip_uri_maddr(&uri), "192.0.2.1");
    assert_text(sip_uri_transport(&uri), "tls");
    assert_true(sip_uri_read(TEXT("sip:a@b;%256daddr=192.0.2.1;mad%64=x;maddr%72=x;l%72x"), &uri));
    assert_int_equal(sip_uri_maddr(&uri).length, 0);
    assert_false(sip_uri_is_loose_router(&uri));
}

static void parameters_are_walked(void **state)
{
    struct text rest = TEXT(" ; a ; b=1;c = \"x;\\\"y\" ;\r\n d\t=\r\n e=f");
    static const struct {
        const char *name, *value;
    } cases[] = {{"a", ""}, {"b", "1"}, {"c", "x;\\\"y"}, {"d", "e=f"}};
    struct sip_parameter parameter;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sip_parameter_next(&rest, &parameter), SIP_NEXT_ITEM);
        assert_text(parameter.name, cases[i].name);
        assert_text(parameter.value, cases[i].value);
        assert_int_equal(parameter.has_value, cases[i].value[0] != '\0');
    }
    assert_int_equal(sip_parameter_next(&rest, &parameter), SIP_NEXT_END);
    assert_true(sip_parameter_find(TEXT("a=1;TAG=x;tag=y"), TEXT("tag"), &parameter));
    assert_text(parameter.value, "x");
    assert_text(parameter.whole, "TAG=x");
    assert_false(sip_parameter_find(TEXT("a=tag;b=\"tag=1\""), TEXT("tag"), &parameter));
}

static void malformed_parameters_are_refused(void **state)
{
    static const char *const cases[] = {";;",    "a;;b",      "a;",  ";",     "a=",      "a=;b",
                                        "a=\"b", "a=\"b\\\"", "=b",  "a b",   "a=b c",   "a=b,c",
                                        "a=<b>", "a,b",       "a@b", "a=b@c", "\"a\"=b", "a=\"b\"c"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_parameter parameter;
        enum sip_next next;
        char *exact = exact_copy(text_of(cases[i]));
        struct text rest = {exact, strlen(cases[i])};
        while ((next = sip_parameter_next(&rest, &parameter)) == SIP_NEXT_ITEM)
            continue;
        if (next != SIP_NEXT_MALFORMED)
            fail_msg("accepted: %s", cases[i]);
        free(exact);
    }
}

static void lists_are_cut_at_commas_outside_of_strings_and_brackets(void **state)
{
    struct text rest = TEXT("<sip:a,b@c;x=\"> , \"Q, \\\"<\" <sip:d@e>;p=\"1,2\"\r\n , sip:f@g \t,\t\r\n h");
    static const char *const cases[] = {"<sip:a,b@c;x=\">", "\"Q, \\\"<\" <sip:d@e>;p=\"1,2\"", "sip:f@g",
                                        "h"};
    struct text element;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sip_list_next(&rest, &element), SIP_NEXT_ITEM);
        assert_text(element, cases[i]);
    }
    assert_int_equal(sip_list_next(&rest, &element), SIP_NEXT_END);
}

static void malformed_lists_are_refused(void **state)
{
    static const char *const cases[] = {",",   ",a", "a,", "a,,b",   "a, ,b",
                                        "\"a", "<a", "a>", "<a<b>>", "\"a\\\""};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text element;
        enum sip_next next;
        char *exact = exact_copy(text_of(cases[i]));
        struct text rest = {exact, strlen(cases[i])};
        while ((next = sip_list_next(&rest, &element)) == SIP_NEXT_ITEM)
            continue;
        if (next != SIP_NEXT_MALFORMED)
            fail_msg("accepted: %s", cases[i]);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_uris_are_taken_apart),
        cmocka_unit_test(malformed_uris_are_refused),
        cmocka_unit_test(other_schemes_are_opaque),
        cmocka_unit_test(parameters_of_uris),
        cmocka_unit_test(parameters_are_walked),
        cmocka_unit_test(malformed_parameters_are_refused),
        cmocka_unit_test(lists_are_cut_at_commas_outside_of_strings_and_brackets),
        cmocka_unit_test(malformed_lists_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
