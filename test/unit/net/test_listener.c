/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/net/test_loop.h"

#include "gateway/net/listener.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct fixture {
    struct test_loop test;
    struct listener *listener;
    union address address;
    unsigned accepted, exhausted, closed;
    bool close_in_accepted;
    union address last_peer;
    int sockets[64];
};

static void listener_closed(void *owner)
{
    struct fixture *fixture = owner;
    fixture->closed++;
    fixture->listener = NULL;
}

static void accepted(void *owner, int socket, const union address *peer)
{
    struct fixture *fixture = owner;

    assert_true(fixture->accepted < 64);
    assert_true((fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
    fixture->sockets[fixture->accepted++] = socket;
    fixture->last_peer = *peer;
    if (fixture->close_in_accepted)
        listener_close(fixture->listener, listener_closed);
}

static void exhausted(void *owner, const char *why)
{
    struct fixture *fixture = owner;
    fixture->exhausted++;
    assert_true(strlen(why) > 0);
}

static const struct listener_events events = {accepted, exhausted};

static int begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    test_loop_begin(&fixture->test);
    assert_true(address_read(TEXT("127.0.0.1"), 0, &fixture->address));
    *state = fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->listener != NULL) {
        listener_close(fixture->listener, listener_closed);
        test_loop_until(&fixture->test, &fixture->closed, 1);
    }
    for (unsigned i = 0; i < fixture->accepted; i++)
        close(fixture->sockets[i]);
    test_loop_end(&fixture->test);
    free(fixture);
    return 0;
}

static void open_listener(struct fixture *fixture)
{
    char error[LISTENER_ERROR_SIZE] = "";
    fixture->listener =
        listener_open(&fixture->test.loop, &fixture->address, &events, fixture, error, sizeof error);
    assert_string_equal(error, "");
    assert_non_null(fixture->listener);
    fixture->address = *listener_address(fixture->listener);
}

static int connect_plain(const union address *to)
{
    int s = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s >= 0);
    assert_int_equal(connect(s, &to->any, address_length(to)), 0);
    return s;
}

static void accepts_and_tells_the_peer(void **state)
{
    struct fixture *fixture = *state;
    union address own;
    socklen_t length = sizeof own;

    open_listener(fixture);
    assert_int_not_equal(address_port(&fixture->address), 0);
    int s = connect_plain(&fixture->address);
    test_loop_until(&fixture->test, &fixture->accepted, 1);
    assert_int_equal(getsockname(s, &own.any, &length), 0);
    assert_int_equal(address_port(&own), address_port(&fixture->last_peer));
    assert_true(address_equal_host(&own, &fixture->last_peer));
    assert_int_equal(listener_accepted(fixture->listener), 1);
    close(s);
}

static void taken_address_is_said(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE], text[ADDRESS_TEXT_SIZE], expected[LISTENER_ERROR_SIZE];
    socklen_t length = sizeof fixture->address;

    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* without SO_REUSEPORT */
    assert_int_equal(bind(other, &fixture->address.any, length), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, &fixture->address.any, &length), 0);
    assert_null(listener_open(&fixture->test.loop, &fixture->address, &events, fixture, error, sizeof error));
    snprintf(expected, sizeof expected, "address %s is taken",
             address_print(&fixture->address, text, sizeof text));
    assert_string_equal(error, expected);
    assert_false(listener_address_is_free(&fixture->address, error, sizeof error));
    assert_string_equal(error, expected);
    close(other);
    assert_true(listener_address_is_free(&fixture->address, error, sizeof error));
}

/* Two gateways on one port would each get half of the connections. */
static void second_gateway_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE];

    open_listener(fixture);
    assert_false(listener_address_is_free(&fixture->address, error, sizeof error));
    struct listener *shared =
        listener_open(&fixture->test.loop, &fixture->address, &events, fixture, error, sizeof error);
    assert_non_null(shared); /* another worker */
    listener_close(shared, NULL);
}

static void address_of_another_machine(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE];

    assert_true(address_read(TEXT("192.0.2.1"), 5061, &fixture->address));
    assert_null(listener_open(&fixture->test.loop, &fixture->address, &events, fixture, error, sizeof error));
    assert_string_equal(error, "address 192.0.2.1:5061 is not an address of this machine");
}

static void ipv6_serves_ipv6_alone(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE];

    assert_true(address_read(TEXT("::"), 0, &fixture->address));
    fixture->listener =
        listener_open(&fixture->test.loop, &fixture->address, &events, fixture, error, sizeof error);
    if (fixture->listener == NULL)
        skip(); /* a machine without IPv6 */
    union address v4;
    assert_true(address_read(TEXT("127.0.0.1"), address_port(listener_address(fixture->listener)), &v4));
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(connect(s, &v4.any, address_length(&v4)), 0);
    close(s);
    union address v6;
    assert_true(address_read(TEXT("::1"), address_port(listener_address(fixture->listener)), &v6));
    close(connect_plain(&v6));
    test_loop_until(&fixture->test, &fixture->accepted, 1);
}

static void adopts_a_bound_socket(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE];

    int bound = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(bound, &fixture->address.any, sizeof fixture->address.v4), 0);
    fixture->listener = listener_adopt(&fixture->test.loop, bound, &events, fixture, error, sizeof error);
    assert_non_null(fixture->listener);
    close(connect_plain(listener_address(fixture->listener)));
    test_loop_until(&fixture->test, &fixture->accepted, 1);
}

static void adopts_no_other_socket(void **state)
{
    struct fixture *fixture = *state;
    char error[LISTENER_ERROR_SIZE];
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);

    assert_null(listener_adopt(&fixture->test.loop, datagrams, &events, fixture, error, sizeof error));
    assert_non_null(strstr(error, "is no TCP socket"));
    assert_int_equal(fcntl(datagrams, F_GETFD), -1);
    assert_null(listener_adopt(&fixture->test.loop, -1, &events, fixture, error, sizeof error));
}

static void closed_in_accepted(void **state)
{
    struct fixture *fixture = *state;
    int s[3];

    open_listener(fixture);
    fixture->close_in_accepted = true;
    for (unsigned i = 0; i < 3; i++)
        s[i] = connect_plain(&fixture->address);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    assert_int_equal(fixture->accepted, 1);
    for (unsigned i = 0; i < 3; i++)
        close(s[i]);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Out of descriptors: it pauses, does not spin, and goes on when there are some again. */
static void out_of_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit old, none;

    open_listener(fixture);
    int s = connect_plain(&fixture->address);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){(rlim_t)next, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    test_loop_until(&fixture->test, &fixture->exhausted, 1);
    double before = cpu_seconds();
    test_loop_sleep(&fixture->test, 3 * LISTENER_PAUSE_MS);
    assert_true(cpu_seconds() - before < 0.1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(fixture->accepted, 0);
    assert_in_range(listener_exhausted(fixture->listener), 2, 5);
    test_loop_until(&fixture->test, &fixture->accepted, 1);
    close(s);
}

static void closed_while_pausing(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit old, none;

    open_listener(fixture);
    int s = connect_plain(&fixture->address);
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){(rlim_t)next, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    test_loop_until(&fixture->test, &fixture->exhausted, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    listener_close(fixture->listener, listener_closed);
    test_loop_until(&fixture->test, &fixture->closed, 1);
    test_loop_sleep(&fixture->test, 2 * LISTENER_PAUSE_MS);
    assert_int_equal(fixture->accepted, 0);
    close(s);
}

#define LISTENER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTENER_TEST(accepts_and_tells_the_peer), LISTENER_TEST(taken_address_is_said),
        LISTENER_TEST(second_gateway_is_noticed),  LISTENER_TEST(address_of_another_machine),
        LISTENER_TEST(ipv6_serves_ipv6_alone),     LISTENER_TEST(adopts_a_bound_socket),
        LISTENER_TEST(adopts_no_other_socket),     LISTENER_TEST(closed_in_accepted),
        LISTENER_TEST(out_of_descriptors),         LISTENER_TEST(closed_while_pausing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
