/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is each line what the contract's section 7 promises, and can no peer forge one? */
#include "gateway/log/audit.h"
#include "gateway/log/operation_log.h"
#include "test/unit/log/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t key[AUDIT_KEY_OCTETS] = {1};
static const int64_t some_time = 1795569900123; /* 2026-11-25 */

static void a_full_record(void **state)
{
    (void)state;
    struct audit *audit = audit_create(NULL, AUDIT_USERS_FULL, key);
    struct text names[] = {TEXT("sip:fabrikam.example"), TEXT("dns:edge.fabrikam.example")};
    struct audit_record record = {.event = AUDIT_REQUEST,
                                  .reason = REASON_RELAYED,
                                  .session = 0xab,
                                  .side = AUDIT_EXTERNAL,
                                  .has_direction = true,
                                  .direction = DIRECTION_INBOUND,
                                  .partner = TEXT("fabrikam"),
                                  .peer = TEXT("192.0.2.1:40000"),
                                  .certificate_names = names,
                                  .certificate_name_count = 2,
                                  .issuer = TEXT("CN=Issuing"),
                                  .anchor = TEXT("sha256:00ff CN=Root"),
                                  .tls = TEXT("TLSv1.3 TLS_AES_128_GCM_SHA256"),
                                  .method = TEXT("MESSAGE"),
                                  .from = TEXT("sip:alice:pw@fabrikam.example"),
                                  .to = TEXT("sip:bob@corp.example"),
                                  .call_id = TEXT("a84b4c76e66710@pc33"),
                                  .status = 404,
                                  .has_duration = true,
                                  .duration_ms = 0,
                                  .policy = 7,
                                  .detail = TEXT("said \"no\"")};
    struct text line = audit_format(audit, &record, some_time);
    assert_true(text_equal(
        line,
        TEXT("{\"time\":\"2026-11-25T01:25:00.123Z\",\"event\":\"request\",\"reason\":\"relayed\","
             "\"session\":\"00000000000000ab\",\"side\":\"external\",\"direction\":\"inbound\",\"partner\":"
             "\"fabrikam\","
             "\"peer\":\"192.0.2.1:40000\",\"certificate-names\":[\"sip:fabrikam.example\","
             "\"dns:edge.fabrikam.example\"],\"issuer\":\"CN=Issuing\",\"anchor\":\"sha256:00ff CN=Root\","
             "\"tls\":\"TLSv1.3 "
             "TLS_AES_128_GCM_SHA256\",\"method\":\"MESSAGE\",\"from\":\"sip:alice@fabrikam.example\","
             "\"to\":\"sip:bob@corp.example\",\"call-id\":\"a84b4c76e66710@pc33\",\"status\":404,"
             "\"duration-ms\":0,\"policy\":7,\"detail\":\"said \\\"no\\\"\"}\n")));
    audit_destroy(audit);
}

static void what_does_not_apply_is_not_there(void **state)
{
    (void)state;
    struct audit *audit = audit_create(NULL, AUDIT_USERS_FULL, key);
    struct audit_record record = {.event = AUDIT_STARTED, .reason = REASON_OK};
    assert_true(text_equal(
        audit_format(audit, &record, some_time + 877),
        TEXT("{\"time\":\"2026-11-25T01:25:01.000Z\",\"event\":\"started\",\"reason\":\"ok\"}\n")));
    assert_true(text_equal(
        audit_format(audit, &record, -5),
        TEXT("{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"started\",\"reason\":\"ok\"}\n")));
    audit_destroy(audit);
}

/* Octets of all kinds in every member; python3 is the other opinion on what is JSON. */
static void hostile_records_stay_one_json_object_each(void **state)
{
    (void)state;
    struct audit *audit = audit_create(NULL, AUDIT_USERS_HASH, key);
    char octets[3000];
    FILE *python = popen("python3 -c \"\n"
                         "import json,sys\n"
                         "n=0\n"
                         "for l in open(0,'rb'):\n"
                         "    o=json.loads(l.decode('utf-8'))\n"
                         "    assert l.endswith(b'\\n') and list(o)[:3]==['time','event','reason'], o\n"
                         "    assert o['event']=='session-refused' and o['session']=='00000000000004d2', o\n"
                         "    assert all(32<=c<127 for c in l[:-1]), l\n"
                         "    n+=1\n"
                         "sys.exit(0 if n==400 else 3)\"",
                         "w");
    assert_non_null(python);
    srandom(42);
    for (int round = 0; round < 400; round++) {
        for (size_t i = 0; i < sizeof octets; i++) {
            static const char spice[] = "\"\\\n\r{}:,\xe2\x80\xae\xc2\x9b";
            octets[i] = round % 2 == 0 ? (char)random() : spice[(size_t)random() % (sizeof spice - 1)];
        }
        struct text any = {octets, (size_t)random() % sizeof octets};
        struct text names[] = {any, any, any, any, any, any, any, any};
        struct audit_record record = {.event = AUDIT_SESSION_REFUSED,
                                      .reason = REASON_IDENTITY_MISMATCH,
                                      .session = 1234,
                                      .partner = any,
                                      .peer = any,
                                      .certificate_names = names,
                                      .certificate_name_count = 8,
                                      .issuer = any,
                                      .anchor = any,
                                      .tls = any,
                                      .method = any,
                                      .from = any,
                                      .to = any,
                                      .call_id = any,
                                      .detail = any};
        struct text line = audit_format(audit, &record, some_time);
        assert_true(line.length <= LOG_LINE_MOST);
        assert_int_equal(fwrite(line.at, 1, line.length, python), line.length);
    }
    assert_int_equal(pclose(python), 0);
    audit_destroy(audit);
}

static void lost_lines_are_told_in_both_files(void **state)
{
    (void)state;
    struct folder folder;
    char path[512], trouble[256] = "";
    folder_start(&folder);
    snprintf(path, sizeof path, "%s/audit.jsonl", folder.path);
    assert_int_equal(symlink("/dev/full", path), 0);
    struct operation_log *log =
        operation_log_create(folder.writer, LOG_LEVEL_NOTICE, trouble, sizeof trouble);
    struct log_file *file = audit_open(folder.writer, log, trouble, sizeof trouble);
    assert_non_null(file);
    struct audit *audit = audit_create(file, AUDIT_USERS_FULL, key);
    struct audit_record record = {.event = AUDIT_REQUEST, .reason = REASON_OK};
    while (log_file_lost(file) < 10) {
        audit_write(audit, &record);
    }
    assert_int_equal(unlink(path), 0);
    log_writer_reopen(folder.writer);
    assert_true(
        folder_wait_for(&folder, "gateway.log", "level=error event=lines-lost file=audit.jsonl lines=10\n"));
    audit_write(audit, &record);
    assert_true(folder_wait_for(
        &folder, "audit.jsonl",
        "\"event\":\"lines-lost\",\"reason\":\"overloaded\",\"detail\":\"10 lines could not be written\"}\n"
        "{\"time\":"));
    audit_destroy(audit);
    folder_stop(&folder);
    operation_log_destroy(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_record),
        cmocka_unit_test(what_does_not_apply_is_not_there),
        cmocka_unit_test(hostile_records_stay_one_json_object_each),
        cmocka_unit_test(lost_lines_are_told_in_both_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
