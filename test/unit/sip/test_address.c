/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include <stdlib.h>
#include <string.h>

static void addresses_are_taken_apart(void **state)
{
    static const struct {
        const char *value, *display, *uri, *host, *tag;
    } cases[] = {
        {"sip:user@example.com", "", "sip:user@example.com", "example.com", ""},
        {"<sip:user@example.com>", "", "sip:user@example.com", "example.com", ""},
        {"sip:user@example.com ;   tag    = 1918181833n", "", "sip:user@example.com", "example.com",
         "1918181833n"},
        {"\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8",
         "J Rosenberg \\\\\\\"", "sip:jdrosen@example.com", "example.com", "98asjd8"},
        {"caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", "example.com", "323"},
        {"token1~` token2'+_ token3*%!.- <sip:m@example.com>;p=\"x;tag=no\";tag=_token~1'+`*%!-.",
         "token1~` token2'+_ token3*%!.-", "sip:m@example.com", "example.com", "_token~1'+`*%!-."},
        {"\"<sip:evil@evil.example>\" <sip:a@b.example>;TAG=x", "<sip:evil@evil.example>", "sip:a@b.example",
         "b.example", "x"},
        {"<sip:user;tag=no@example.com;tag=no>", "", "sip:user;tag=no@example.com;tag=no", "example.com", ""},
        {"<sip:a@b.example;x=y?z=1,2>;tag=t", "", "sip:a@b.example;x=y?z=1,2", "b.example", "t"},
        {"\"\" <sips:a@[2001:db8::1]:5061>", "", "sips:a@[2001:db8::1]:5061", "2001:db8::1", ""},
        {"isbn:2983792873", "", "isbn:2983792873", "", ""},
        {"<http://www.example.com>;tag=3234233", "", "http://www.example.com", "", "3234233"},
        {"<tel:+12015550123>;tag=1", "", "tel:+12015550123", "", "1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_address address;
        char *exact = exact_copy(text_of(cases[i].value));
        if (!sip_address_read((struct text){exact, strlen(cases[i].value)}, &address))
            fail_msg("refused: %s", cases[i].value);
        assert_text(address.display, cases[i].display);
        assert_text(address.uri.text, cases[i].uri);
        assert_text(address.uri.host, cases[i].host);
        assert_text(address.tag, cases[i].tag);
        assert_int_equal(address.has_tag, cases[i].tag[0] != '\0');
        assert_int_equal(address.is_bracketed, strchr(cases[i].value, '<') != NULL);
        free(exact);
    }
}

static void malformed_addresses_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "<>",
        "<",
        ">",
        "\"Mr. J. User <sip:j.user@example.com>",
        "\"Mr\\\" <sip:j@example.com>",
        "\"a\" sip:j@example.com",
        "\"a\"",
        "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
        "\"Watson, Thomas\" < sip:t.watson@example.org >",
        "<sip:a@b.example >",
        "<sip:a@b.example",
        "sip:a@b.example>",
        "<<sip:a@b.example>>",
        "<sip:a@b.example> x",
        "<sip:a@b.example>, <sip:c@d.example>",
        "sip:a@b.example, sip:c@d.example",
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        "sip:a@b.example;",
        "sip:a@b.example;;tag=1",
        "<sip:a@b.example>;tag=1;tag=2",
        "<sip:a@b.example>;tag",
        "<sip:a@b.example>;tag=",
        "<sip:a@b.example>;tag=\"x\"",
        "<sip:a@b.example>;Tag=1;x;tAg=1",
        "sip:evil.example;x=y@good.example",
        "<sip:a@evil.example@good.example>",
        "J\xc3\xa9 <sip:a@b.example>",
        "*",
        "a <b> <sip:a@b.example>",
        "\"a\" \"b\" <sip:a@b.example>",
        "a@b <sip:a@b.example>",
        "<sip:a@b.example;x=1,2>",
        "<sip:a@b.example>tag=1",
        "sip:a@b.example tag=1",
        "sip:a b@c.example",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_address address;
        char *exact = exact_copy(text_of(cases[i]));
        if (sip_address_read((struct text){exact, strlen(cases[i])}, &address))
            fail_msg("accepted: %s", cases[i]);
        free(exact);
    }
}

static void vias_are_taken_apart(void **state)
{
    static const struct {
        const char *value, *transport, *host, *branch, *received, *rport;
        unsigned port;
        bool has_rport, alias;
    } cases[] = {
        {"SIP/2.0/UDP host.example.com", "UDP", "host.example.com", "", "", "", 0, false, false},
        {"SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw", "UDP", "192.0.2.2", "390skdjuw", "", "",
         0, false, false},
        {"SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8", "TCP",
         "spindle.example.com", "z9hG4bK9ikj8", "", "", 0, false, false},
        {"SIP/2.0/TLS a.example : 5061;rport;alias;branch=z9hG4bK1", "TLS", "a.example", "z9hG4bK1", "", "",
         5061, true, true},
        {"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3", "UDP", "2001:db8::9:1",
         "z9hG4bKas3", "2001:db8::9:255", "", 0, false, false},
        {"SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111", "UDP",
         "2001:db8::9:1", "z9hG4bKas3-111", "2001:db8::9:255", "", 0, false, false},
        {"SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19;rport=5061", "UDP", "::ffff:192.0.2.10",
         "z9hG4bKbh19", "", "5061", 19823, true, false},
        {"SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~", "TCP", "host1.example.com",
         "z9hG4bK-.!%66*_+`'~", "", "", 0, false, false},
        {"SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK7.8;branched=FALSE;ms-internal-info=\"a,b;c\";"
         "ms-received-cid=2600",
         "TLS", "192.0.2.1", "z9hG4bK7.8", "", "", 5061, false, false},
        {"sip/2.0/UNKNOWN t4.example.com;branch=z9hG4bKa", "UNKNOWN", "t4.example.com", "z9hG4bKa", "", "", 0,
         false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_via via;
        char *exact = exact_copy(text_of(cases[i].value));
        if (!sip_via_read((struct text){exact, strlen(cases[i].value)}, &via))
            fail_msg("refused: %s", cases[i].value);
        assert_text(via.transport, cases[i].transport);
        assert_text(via.sent_by.host, cases[i].host);
        assert_text(via.branch, cases[i].branch);
        assert_text(via.received, cases[i].received);
        assert_text(via.rport, cases[i].rport);
        assert_int_equal(via.rport_name.length > 0, cases[i].has_rport);
        assert_int_equal(via.sent_by.port, cases[i].port);
        assert_int_equal(via.alias, cases[i].alias);
        free(exact);
    }
}

static void malformed_vias_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "SIP",
        "SIP/2.0",
        "SIP/2.0/",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP;branch=x",
        "SIP/7.0/UDP a.example",
        "SIP/2/UDP a.example",
        "HTTP/2.0/UDP a.example",
        "SIP 2.0/UDP a.example",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP a.example;",
        "SIP/2.0/UDP a.example b.example",
        "SIP/2.0/UDP a.example;branch=z9hG4bK",
        "SIP/2.0/UDP a.example;branch=Z9HG4BK",
        "SIP/2.0/UDP a.example;branch",
        "SIP/2.0/UDP a.example;branch=",
        "SIP/2.0/UDP a.example;branch=\"x\"",
        "SIP/2.0/UDP a.example;branch=x;branch=y",
        "SIP/2.0/UDP a.example;received=1.2.3.4;Received=1.2.3.5",
        "SIP/2.0/UDP a.example:",
        "SIP/2.0/UDP a.example:0",
        "SIP/2.0/UDP a.example:99999",
        "SIP/2.0/UDP 2001:db8::9:1;branch=x",
        "SIP/2.0/UDP [2001:db8::9:1;branch=x",
        "SIP/2.0/UDP a_b@c.example",
        "SIP/2.0/UDP a.example;received",
        "SIP/2.0/UDP a.example;received=\"192.0.2.1\"",
        "SIP/2.0/UDP a.example;maddr=\"192.0.2.1\"",
        "SIP/2.0/UDP a.example;maddr",
        "SIP/2.0/UDP a.example;rport;rport",
        "SIP/2.0/UDP a.example;rport=\"\"",
        "SIP/2.0/UDP a.example;rport=\"5061\"",
        "SIP/2.0/UDPa.example",
        "SIP/2.0/UDP[::1]",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sip_via via;
        char *exact = exact_copy(text_of(cases[i]));
        if (sip_via_read((struct text){exact, strlen(cases[i])}, &via))
            fail_msg("accepted: %s", cases[i]);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(malformed_addresses_are_refused),
        cmocka_unit_test(vias_are_taken_apart),
        cmocka_unit_test(malformed_vias_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
