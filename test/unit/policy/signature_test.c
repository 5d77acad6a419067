/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures by another library's hand, and ways for them and their keys to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/der.h"
#include "policy/signature.h"
#include "signature_vectors.h"

#define OCTETS(array)                                                                                        \
    {                                                                                                        \
        (const char *)(array), sizeof(array)                                                                 \
    }
#define MESSAGE TEXT("what was signed")

struct vector {
    const char *name;
    struct text key, algorithm, signature;
};

static const struct vector vectors[] = {
#define X(key, algorithm, signature) {#signature, OCTETS(key), OCTETS(algorithm), OCTETS(signature)},
    SIGNATURE_VECTORS(X)
#undef X
};
#define VECTOR_COUNT (sizeof(vectors) / sizeof(vectors[0]))

static void read_vector(const struct vector *vector, struct public_key *key,
                        struct signature_algorithm *algorithm)
{
    assert_true(public_key_read(vector->key, key));
    assert_int_not_equal(key->kind, PUBLIC_KEY_REFUSED);
    assert_true(signature_algorithm_read(vector->algorithm, algorithm));
    assert_int_not_equal(algorithm->kind, SIGNATURE_REFUSED);
}

static void genuine_signatures_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct public_key key;
        struct signature_algorithm algorithm;
        struct signature_digest digest;
        read_vector(&vectors[i], &key, &algorithm);
        if (!signature_verify(&key, &algorithm, MESSAGE, vectors[i].signature))
            fail_msg("%s does not verify", vectors[i].name);
        assert_true(signature_digest_make(&algorithm, MESSAGE, &digest));
        assert_true(signature_verify_digest(&key, &algorithm, &digest, MESSAGE, vectors[i].signature));
    }
}

static void other_messages_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct public_key key;
        struct signature_algorithm algorithm;
        read_vector(&vectors[i], &key, &algorithm);
        assert_false(signature_verify(&key, &algorithm, TEXT("what was Signed"), vectors[i].signature));
        assert_false(signature_verify(&key, &algorithm, TEXT_NONE, vectors[i].signature));
    }
}

static void spoilt_signatures_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct public_key key;
        struct signature_algorithm algorithm;
        struct text signature = vectors[i].signature;
        char *copy = malloc(signature.length + 1);
        assert_non_null(copy);
        read_vector(&vectors[i], &key, &algorithm);
        memcpy(copy, signature.at, signature.length);
        copy[signature.length] = 0;
        for (size_t at = 0; at<signature.length; at += signature.length> 80 ? 37 : 1) {
            copy[at] = (char)(copy[at] ^ 1);
            assert_false(signature_verify(&key, &algorithm, MESSAGE, (struct text){copy, signature.length}));
            copy[at] = (char)(copy[at] ^ 1);
        }
        assert_false(signature_verify(&key, &algorithm, MESSAGE, (struct text){copy, signature.length - 1}));
        assert_false(signature_verify(&key, &algorithm, MESSAGE, (struct text){copy, signature.length + 1}));
        assert_false(signature_verify(&key, &algorithm, MESSAGE, TEXT_NONE));
        free(copy);
    }
}

/* Each signature with each other algorithm and key: none verifies, and no kind is taken for another. */
static void keys_and_algorithms_must_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        for (size_t j = 0; j < VECTOR_COUNT; j++) {
            struct public_key key, other_key;
            struct signature_algorithm algorithm, other_algorithm;
            read_vector(&vectors[i], &key, &algorithm);
            read_vector(&vectors[j], &other_key, &other_algorithm);
            if (!text_equal(vectors[i].key, vectors[j].key))
                assert_false(signature_verify(&other_key, &algorithm, MESSAGE, vectors[i].signature));
            if (!text_equal(vectors[i].algorithm, vectors[j].algorithm))
                assert_false(signature_verify(&key, &other_algorithm, MESSAGE, vectors[i].signature));
        }
    }
}

static void weak_keys_are_refused(void **state)
{
    static const struct text keys[] = {
#define X(key) OCTETS(key),
        WEAK_KEYS(X)
#undef X
    };
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct public_key key;
        assert_true(public_key_read(keys[i], &key));
        assert_int_equal(key.kind, PUBLIC_KEY_REFUSED);
        assert_non_null(key.weakness);
    }
}

/* An RSA key with chosen octets in place of its modulus and exponent. */
static enum public_key_kind kind_of_rsa(size_t octets, uint8_t first, uint8_t last, struct text exponent)
{
    static char info[2048];
    static const char identifier[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    size_t pad = (first & 0x80) != 0, modulus = octets + pad, inner = 4 + modulus + 2 + exponent.length;
    size_t used = 0;
    struct public_key key;

#define PUT(octet) info[used++] = (char)(octet)
#define PUT_LONG(tag, length) PUT(tag), PUT(0x82), PUT((length) >> 8), PUT(length)
    PUT_LONG(0x30, sizeof(identifier) - 1 + 4 + 1 + 4 + inner);
    memcpy(info + used, identifier, sizeof(identifier) - 1);
    used += sizeof(identifier) - 1;
    PUT_LONG(0x03, 1 + 4 + inner);
    PUT(0);
    PUT_LONG(0x30, inner);
    PUT_LONG(0x02, modulus);
    if (pad)
        PUT(0);
    memset(info + used, 0x55, octets);
    info[used] = (char)first;
    info[used + octets - 1] = (char)last;
    used += octets;
    PUT(0x02);
    PUT(exponent.length);
    memcpy(info + used, exponent.at, exponent.length);
    used += exponent.length;
#undef PUT
#undef PUT_LONG
    return public_key_read((struct text){info, used}, &key) ? key.kind : PUBLIC_KEY_REFUSED;
}

static void strange_rsa_keys_are_refused(void **state)
{
    const struct text f4 = TEXT("\x01\x00\x01");
    (void)state;
    assert_int_equal(kind_of_rsa(256, 0x80, 1, f4), PUBLIC_KEY_RSA);
    assert_int_equal(kind_of_rsa(256, 0x7f, 1, f4), PUBLIC_KEY_REFUSED);  /* 2047 bits */
    assert_int_equal(kind_of_rsa(257, 0x01, 1, f4), PUBLIC_KEY_REFUSED);  /* 2049 bits */
    assert_int_equal(kind_of_rsa(256, 0x80, 2, f4), PUBLIC_KEY_REFUSED);  /* even */
    assert_int_equal(kind_of_rsa(1032, 0x80, 1, f4), PUBLIC_KEY_REFUSED); /* 8256 bits */
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x01")), PUBLIC_KEY_REFUSED);
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x02")), PUBLIC_KEY_REFUSED);
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x00")), PUBLIC_KEY_REFUSED);
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x81")), PUBLIC_KEY_REFUSED); /* negative */
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x00\xff\xff\xff\xff")), PUBLIC_KEY_RSA);
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x01\x00\x00\x00\x01")), PUBLIC_KEY_REFUSED);
    assert_int_equal(kind_of_rsa(256, 0x80, 1, TEXT("\x00\x01\x00\x01")), PUBLIC_KEY_REFUSED); /* not DER */
}

static void weak_algorithms_are_refused(void **state)
{
    static const struct text identifiers[] = {
        DER_OCTETS("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"), /* SHA-1, RSA */
        DER_OCTETS("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00"), /* MD5, RSA */
        DER_OCTETS("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e\x05\x00"), /* SHA-224, RSA */
        DER_OCTETS("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"),                 /* SHA-1, ECDSA */
        DER_OCTETS("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x02"),         /* SHA-256, DSA */
        DER_OCTETS("\x30\x05\x06\x03\x2b\x65\x71"),                                 /* Ed448 */
        DER_OCTETS(
            "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00"), /* PSS by default: SHA-1 */
        OCTETS(algorithm_pss_weak_salt),
        OCTETS(algorithm_pss_two_hashes),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(identifiers) / sizeof(identifiers[0]); i++) {
        struct signature_algorithm algorithm;
        assert_true(signature_algorithm_read(identifiers[i], &algorithm));
        assert_int_equal(algorithm.kind, SIGNATURE_REFUSED);
        assert_non_null(algorithm.weakness);
    }
}

static void parameters_must_be_the_right_ones(void **state)
{
    static const struct text identifiers[] = {
        DER_OCTETS("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),     /* RSA without NULL */
        DER_OCTETS("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"), /* ECDSA with NULL */
        DER_OCTETS("\x30\x07\x06\x03\x2b\x65\x70\x05\x00"),                     /* Ed25519 with NULL */
        DER_OCTETS("\x30\x0e\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00\x05\x00"),
        DER_OCTETS("\x30\x00"),
        DER_OCTETS(""),
    };
    struct public_key key;
    (void)state;
    for (size_t i = 0; i < sizeof(identifiers) / sizeof(identifiers[0]); i++) {
        struct signature_algorithm algorithm;
        assert_false(signature_algorithm_read(identifiers[i], &algorithm));
    }
    /* id-ecPublicKey with explicit parameters, and with none. */
    assert_true(public_key_read(
        TEXT("\x30\x11\x30\x0b\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x00\x03\x02\x00\x04"), &key));
    assert_int_equal(key.kind, PUBLIC_KEY_REFUSED);
    assert_true(
        public_key_read(TEXT("\x30\x0f\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x03\x02\x00\x04"), &key));
    assert_int_equal(key.kind, PUBLIC_KEY_REFUSED);
}

/* A point off the curve must not be calculated with. */
static void points_must_lie_on_the_curve(void **state)
{
    char copy[sizeof(key_p256)];
    struct public_key key;
    struct signature_algorithm algorithm;

    (void)state;
    memcpy(copy, key_p256, sizeof(copy));
    copy[sizeof(copy) - 1] = (char)(copy[sizeof(copy) - 1] ^ 1);
    assert_true(public_key_read((struct text){copy, sizeof(copy)}, &key));
    assert_true(signature_algorithm_read((struct text)OCTETS(algorithm_ecdsa_256), &algorithm));
    assert_false(signature_verify(&key, &algorithm, MESSAGE, (struct text)OCTETS(signature_p256_256)));
    memset(copy + sizeof(copy) - 64, 0, 64);
    assert_true(public_key_read((struct text){copy, sizeof(copy)}, &key));
    assert_false(signature_verify(&key, &algorithm, MESSAGE, (struct text)OCTETS(signature_p256_256)));
}

/* r or s of zero, negative, padded, too long; octets after the sequence. */
static void unsound_ecdsa_signatures_are_refused(void **state)
{
    static const struct text signatures[] = {
        DER_OCTETS("\x30\x06\x02\x01\x00\x02\x01\x00"),
        DER_OCTETS("\x30\x06\x02\x01\x01\x02\x01\x00"),
        DER_OCTETS("\x30\x06\x02\x01\x00\x02\x01\x01"),
        DER_OCTETS("\x30\x06\x02\x01\x81\x02\x01\x01"),
        DER_OCTETS("\x30\x07\x02\x02\x00\x01\x02\x01\x01"),
        DER_OCTETS("\x30\x00"),
        DER_OCTETS("\x30\x03\x02\x01\x01"),
        DER_OCTETS("\x30\x06\x02\x01\x01\x02\x01\x01\x00"),
        DER_OCTETS("\x30\x06\x02\x01\x01\x02\x01\x01"),
    };
    struct public_key key;
    struct signature_algorithm algorithm;

    (void)state;
    assert_true(public_key_read((struct text)OCTETS(key_p256), &key));
    assert_true(signature_algorithm_read((struct text)OCTETS(algorithm_ecdsa_256), &algorithm));
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
        assert_false(signature_verify(&key, &algorithm, MESSAGE, signatures[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_signatures_verify),
        cmocka_unit_test(other_messages_do_not),
        cmocka_unit_test(spoilt_signatures_do_not),
        cmocka_unit_test(keys_and_algorithms_must_fit),
        cmocka_unit_test(weak_keys_are_refused),
        cmocka_unit_test(strange_rsa_keys_are_refused),
        cmocka_unit_test(weak_algorithms_are_refused),
        cmocka_unit_test(parameters_must_be_the_right_ones),
        cmocka_unit_test(points_must_lie_on_the_curve),
        cmocka_unit_test(unsound_ecdsa_signatures_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
