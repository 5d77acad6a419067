/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an OCSP responder is asked, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ocsp_fixture.h"
#include "policy/ocsp_request.h"

static void a_request_is_one_certificate_and_nothing_else(void **state)
{
    struct ocsp_certificate_id id = {.serial_length = 2, .serial = {0x12, 0x34}};
    uint8_t request[OCSP_REQUEST_MOST],
        expected[] = {0x30, 0x43, 0x30, 0x41, 0x30, 0x3f, 0x30, 0x3d, 0x30, 0x3b, 0x30, 0x09, 0x06, 0x05,
                      0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                      0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                      0xaa, 0x04, 0x14, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb,
                      0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0x02, 0x02, 0x12, 0x34};
    (void)state;
    memset(id.issuer_name_hash, 0xaa, sizeof(id.issuer_name_hash));
    memset(id.issuer_key_hash, 0xbb, sizeof(id.issuer_key_hash));
    assert_int_equal(ocsp_request_write(&id, request), sizeof(expected));
    assert_memory_equal(request, expected, sizeof(expected));
    id.serial_length = OCSP_SERIAL_MOST;
    assert_true(ocsp_request_write(&id, request) <= OCSP_REQUEST_MOST);
    assert_int_equal(request[1], 0x43 + OCSP_SERIAL_MOST - 2);
}

static void an_id_tells_certificates_apart(void **state)
{
    struct ocsp_fixture fixture;
    struct ocsp_certificate_id id, same, other;
    (void)state;
    ocsp_fixture_begin(&fixture);
    assert_true(ocsp_certificate_id_make(fixture.leaf, fixture.ca, &id));
    memset(&same, 0xff, sizeof(same)); /* what was there before does not matter */
    assert_true(ocsp_certificate_id_make(fixture.leaf, fixture.ca, &same));
    assert_true(ocsp_certificate_id_equal(&id, &same));
    assert_true(ocsp_certificate_id_make(fixture.other_leaf, fixture.ca, &other));
    assert_false(ocsp_certificate_id_equal(&id, &other));
    assert_memory_equal(id.issuer_name_hash, other.issuer_name_hash, OCSP_HASH_OCTETS);
    assert_true(ocsp_certificate_id_make(fixture.leaf, fixture.other_ca, &other)); /* another key */
    assert_false(ocsp_certificate_id_equal(&id, &other));
    ocsp_fixture_end(&fixture);
}

/* What a responder makes of the certificate is what we ask for: the hashes of its answer are ours. */
static void an_id_is_what_responders_answer_for(void **state)
{
    struct ocsp_fixture fixture;
    struct ocsp_certificate_id id;
    (void)state;
    ocsp_fixture_begin(&fixture);
    assert_true(ocsp_certificate_id_make(fixture.leaf, fixture.ca, &id));
    struct ocsp_response *response = factory_ocsp_response(&fixture.order);
    assert_memory_equal(id.issuer_name_hash, response->single[0].issuer_name_hash.at, OCSP_HASH_OCTETS);
    assert_memory_equal(id.issuer_key_hash, response->single[0].issuer_key_hash.at, OCSP_HASH_OCTETS);
    assert_int_equal(id.serial_length, response->single[0].serial.length);
    assert_memory_equal(id.serial, response->single[0].serial.at, id.serial_length);
    ocsp_response_destroy(response);
    ocsp_fixture_end(&fixture);
}

static void a_serial_number_that_is_too_long_has_no_id(void **state)
{
    struct ocsp_fixture fixture;
    struct ocsp_certificate_id id;
    char octets[OCSP_SERIAL_MOST + 1];
    (void)state;
    ocsp_fixture_begin(&fixture);
    memset(octets, 1, sizeof(octets));
    struct certificate certificate = *fixture.leaf;
    certificate.serial = (struct text){octets, OCSP_SERIAL_MOST};
    assert_true(ocsp_certificate_id_make(&certificate, fixture.ca, &id));
    certificate.serial.length++;
    assert_false(ocsp_certificate_id_make(&certificate, fixture.ca, &id));
    ocsp_fixture_end(&fixture);
}

static bool names_responder(const char *uri, const char *expected)
{
    struct factory_order order = {.subject = "leaf", .issuer = "CA", .responder = uri};
    struct certificate *certificate = factory_certificate(&order);
    struct text found;
    bool named = ocsp_responder_uri(certificate, &found);

    assert_int_equal(named, expected != NULL);
    assert_true(!named || text_equal(found, text_of(expected)));
    certificate_destroy(certificate);
    return named;
}

static void the_responder_is_named_by_a_web_address(void **state)
{
    (void)state;
    assert_true(names_responder("http://ocsp.example/a", "http://ocsp.example/a"));
    assert_true(names_responder("HTTPS://ocsp.example", "HTTPS://ocsp.example"));
    assert_false(names_responder(NULL, NULL));
    assert_false(names_responder("ldap://ocsp.example/", NULL));
    assert_false(names_responder("file:///etc/passwd", NULL));
    assert_false(names_responder("http://", NULL));
    assert_false(names_responder("http:", NULL));
    assert_false(names_responder("http://ocsp.example/a\r\nx: y", NULL));
    assert_false(names_responder("http://ocsp.example/a b", NULL));
    assert_false(names_responder("http://ocsp.example/\x7f", NULL));
    assert_false(names_responder("http://ocsp.example/\xc3\xa4", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_one_certificate_and_nothing_else),
        cmocka_unit_test(an_id_tells_certificates_apart),
        cmocka_unit_test(an_id_is_what_responders_answer_for),
        cmocka_unit_test(a_serial_number_that_is_too_long_has_no_id),
        cmocka_unit_test(the_responder_is_named_by_a_web_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
