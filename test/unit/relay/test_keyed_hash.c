/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include "gateway/relay/hash_key.h"

static const struct hash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
static const char octets[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";

/* SipHash-2-4 of 0, 1, 2, ... octets counting up, as its authors publish them; 15 octets are the example of
 * the paper. */
static void known_answers(void **state)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } cases[] = {
        {0, 0x726fdb47dd0e0e31u},  {1, 0x74f839c593dc67fdu},  {2, 0x0d6c8009d9a94f5au},
        {7, 0xab0200f58b01d137u},  {8, 0x93f5f5799a932462u},  {9, 0x9e0082df0ba9e4b0u},
        {15, 0xa129ca6149be45e5u}, {16, 0x3f2acc7f57c29bdbu},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(keyed_hash(&key, (struct text){octets, cases[i].length}) == cases[i].hash);
}

static uint64_t of_pieces(const char *a, const char *b, const char *c, size_t count)
{
    const struct text piece[3] = {text_of(a), text_of(b), text_of(c)};
    return keyed_hash_pieces(&key, piece, count);
}

static void borders_between_pieces_count(void **state)
{
    (void)state;
    assert_true(of_pieces("ab", "c", "", 3) != of_pieces("a", "bc", "", 3));
    assert_true(of_pieces("ab", "", "c", 3) != of_pieces("ab", "c", "", 3));
    assert_true(of_pieces("", "abc", "", 3) != of_pieces("abc", "", "", 3));
    assert_true(of_pieces("abc", "", "", 2) != of_pieces("abc", "", "", 3));
    assert_true(of_pieces("12345678", "x", "", 2) != of_pieces("12345678x", "", "", 2));
    assert_true(of_pieces("ab", "c", "", 3) == of_pieces("ab", "c", "", 3));
    assert_true(of_pieces("aB", "c", "", 3) != of_pieces("ab", "c", "", 3));
}

/* What is hashed of pieces, written out. */
static void pieces_are_hashed_with_their_lengths(void **state)
{
    const struct text piece[3] = {TEXT("abcdefghi"), TEXT_NONE, TEXT("xyz")};
    const struct text written = TEXT("\x09\0\0\0"
                                     "abcdefghi"
                                     "\0\0\0\0"
                                     "\x03\0\0\0"
                                     "xyz");
    (void)state;
    assert_true(keyed_hash_pieces(&key, piece, 3) == keyed_hash(&key, written));
    assert_true(keyed_hash_pieces(&key, piece, 0) == keyed_hash(&key, TEXT_NONE));
}

/* SipHash-2-4-128 of nothing, as its authors publish it; no pieces are no octets. */
static void a_wide_hash_has_128_bits(void **state)
{
    const struct text piece[2] = {TEXT("a"), TEXT("b")};
    uint64_t hash[2], other[2];
    (void)state;
    keyed_hash_wide(&key, piece, 0, hash);
    assert_true(hash[0] == 0xe6a825ba047f81a3u && hash[1] == 0x930255c71472f66du);
    keyed_hash_wide(&key, piece, 2, hash);
    keyed_hash_wide(&key, &piece[1], 1, other);
    assert_true(hash[0] != other[0] && hash[1] != other[1] && hash[0] != hash[1]);
    assert_true(hash[0] != keyed_hash_pieces(&key, piece, 2));
}

static void a_nul_is_an_octet_like_others(void **state)
{
    (void)state;
    assert_true(keyed_hash(&key, (struct text){"a\0", 2}) != keyed_hash(&key, (struct text){"a", 1}));
    assert_true(keyed_hash(&key, (struct text){"\0\0\0\0\0\0\0", 7}) != keyed_hash(&key, TEXT_NONE));
}

static void keys_differ(void **state)
{
    struct hash_key one, two, three, random, other;
    (void)state;
    assert_true(hash_key_derive(&one, TEXT("secret"), TEXT("a use")));
    assert_true(hash_key_derive(&two, TEXT("secret"), TEXT("another")));
    assert_true(hash_key_derive(&three, TEXT("secret"), TEXT("a use")));
    assert_memory_equal(one.word, three.word, sizeof(one.word));
    assert_memory_not_equal(one.word, two.word, sizeof(one.word));
    assert_true(hash_key_random(&random) && hash_key_random(&other));
    assert_memory_not_equal(random.word, other.word, sizeof(random.word));
    assert_true(keyed_hash(&one, TEXT("x")) != keyed_hash(&two, TEXT("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(borders_between_pieces_count),
        cmocka_unit_test(pieces_are_hashed_with_their_lengths),
        cmocka_unit_test(a_wide_hash_has_128_bits),
        cmocka_unit_test(a_nul_is_an_octet_like_others),
        cmocka_unit_test(keys_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
