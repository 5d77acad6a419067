/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include "gateway/command/json.h"
#include "policy/calendar.h"

static void certificate_json(struct json *json, const char *name, const struct certificate *certificate)
{
    char shown[CERTIFICATE_SHOWN];
    json_string(json, name, certificate_show(certificate, shown));
}

static void presented_json(const struct explanation *explanation, struct json *json)
{
    json_array(json, "presented");
    for (size_t i = 0; explanation->chain != NULL && i < explanation->chain->count; i++) {
        const struct certificate *certificate = explanation->chain->certificate[i];
        json_object(json, NULL);
        certificate_json(json, "certificate", certificate);
        json_time(json, "not-before", certificate->not_before);
        json_time(json, "not-after", certificate->not_after);
        json_object_end(json);
    }
    json_array_end(json);
}

static void checks_json(const struct explanation *explanation, struct json *json)
{
    json_array(json, "checks");
    for (size_t i = 0; i < explanation->check_count; i++) {
        const struct explain_check *check = &explanation->check[i];
        json_object(json, NULL);
        json_string(json, "stage", explain_stage_word(check->stage));
        json_string(json, "name", check->name);
        json_string(json, "result", explain_result_word(check->result));
        json_string(json, "detail", check->detail);
        json_object_end(json);
    }
    json_array_end(json);
}

static void path_json(const struct explain_path *path, struct json *json)
{
    json_object(json, NULL);
    json_string(json, "result", path->reason == REASON_OK ? "holds" : "breaks");
    json_string(json, "reason", reason_token(path->reason));
    json_string(json, "detail", path->detail);
    if (path->at == NULL)
        json_null(json, "at");
    else
        certificate_json(json, "at", path->at);
    json_array(json, "certificates");
    for (size_t i = 0; i < path->count; i++)
        certificate_json(json, NULL, path->certificate[i]);
    json_array_end(json);
    json_object_end(json);
}

static void paths_json(const struct explanation *explanation, struct json *json)
{
    json_array(json, "paths");
    for (size_t i = 0; i < explanation->path_count; i++)
        path_json(&explanation->path[i], json);
    json_array_end(json);
}

void explain_json(const struct explanation *explanation, FILE *out)
{
    struct json json;
    char remedy[REMEDY_SIZE];
    bool is_need = explanation->outcome == EXPLAIN_NEED;
    const char *detail =
        explanation->detail[0] != '\0' ? explanation->detail : reason_sentence(explanation->reason);

    json_begin(&json, out);
    json_object(&json, NULL);
    json_string(&json, "verdict", explain_outcome_word(explanation->outcome));
    json_string(&json, "reason", is_need ? NULL : reason_token(explanation->reason));
    if (is_need)
        json_null(&json, "status");
    else
        json_number(&json, "status", reason_status(explanation->reason, explanation->direction));
    json_string(&json, "partner", explanation->partner == NULL ? NULL : explanation->partner->name);
    json_string(&json, "detail", is_need ? NULL : detail);
    json_string(&json, "needs", is_need ? explanation->need : NULL);
    json_string(&json, "to-change", is_need ? NULL : explain_remedy(explanation, remedy));
    json_string(&json, "direction", direction_word(explanation->direction));
    json_text(&json, "method", explanation->facts.method);
    json_string(&json, "from", explanation->from);
    json_string(&json, "to", explanation->to);
    json_time(&json, "at", explanation->now);
    presented_json(explanation, &json);
    checks_json(explanation, &json);
    paths_json(explanation, &json);
    json_object_end(&json);
    json_end(&json);
}
