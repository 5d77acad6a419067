/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes seeds for the fuzzers of certificates, paths, CRLs and OCSP answers. */
#include <stdio.h>
#include <stdlib.h>

#include "test/unit/policy/ocsp_fixture.h"

static void put_block(FILE *file, struct text der)
{
    fputc((int)(der.length >> 8), file);
    fputc((int)(der.length & 0xff), file);
    if (fwrite(der.at, 1, der.length, file) != der.length)
        abort();
    free((char *)der.at);
}

static FILE *open_seed(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        abort();
    return file;
}

static void write_chain(const char *folder, const char *name, const struct factory_order *orders,
                        size_t count)
{
    FILE *file = open_seed(folder, name);
    for (size_t i = 0; i < count; i++)
        put_block(file, factory_der(&orders[i]));
    fclose(file);
}

static void write_paths(const char *folder)
{
    const struct factory_order root = {.subject = "Root", .ca = true, .key_usage = 0x60};
    const struct factory_order inter = {
        .subject = "Inter", .issuer = "Root", .key = 1, .ca = true, .path_length = 1, .key_usage = 0x60};
    const struct factory_order leaf = {.subject = "leaf",
                                       .issuer = "Inter",
                                       .key = 2,
                                       .issuer_key = 1,
                                       .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                       .usages = "sc",
                                       .names = "dns:a.example,uri:sip:a.example",
                                       .point = "http://crl.example/1"};
    struct factory_order bound = root, names = leaf, old = leaf, cross = inter, alone = leaf;

    write_chain(folder, "plain", (struct factory_order[]){root, leaf, inter}, 3);
    bound.permitted = "dns:example,uri:.example,email:example,ip:10.0.0.0/8,dir:leaf";
    bound.excluded = "dns:b.example,other:,email:x@c.example,ip:2001:db8::/32";
    names.names =
        "dns:*.a.example,email:y@example,ip:10.0.0.1,dir:leaf,uri:https://u@a.example:1/x,ip:2001:db8::1";
    write_chain(folder, "constraints", (struct factory_order[]){bound, names, inter}, 3);
    names.names = "other:,dns:b.example,uri:urn:x:y";
    write_chain(folder, "outside", (struct factory_order[]){bound, names, inter}, 3);
    old.flags = FACTORY_VERSION_1;
    write_chain(folder, "version-1", (struct factory_order[]){root, old, inter}, 3);
    cross.issuer = "leaf";
    cross.issuer_key = 2;
    write_chain(folder, "loop", (struct factory_order[]){root, leaf, cross, inter, root, leaf}, 6);
    alone.names = NULL;
    alone.subject = "a.example";
    alone.flags = FACTORY_UNKNOWN_CRITICAL;
    write_chain(folder, "common-name", (struct factory_order[]){bound, alone, inter}, 3);
    alone.flags = FACTORY_EMPTY_SUBJECT | FACTORY_CRITICAL_NAMES;
    alone.names = "dns:a.example";
    write_chain(folder, "empty-subject", (struct factory_order[]){root, alone, inter}, 3);
}

static void write_certificate(const char *folder, const char *name, const struct factory_order *order)
{
    struct text der = factory_der(order);
    FILE *file = open_seed(folder, name);
    if (fwrite(der.at, 1, der.length, file) != der.length)
        abort();
    fclose(file);
    free((char *)der.at);
}

static void write_certificates(const char *folder)
{
    const struct factory_order names = {
        .subject = "leaf",
        .issuer = "CA",
        .key = 1,
        .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
        .usages = "scaio",
        .names =
            "dns:a.example,dns:*.a.example,uri:sip:a.example,uri:sip:u@a.example,uri:https://u@a.example:1/x,"
            "email:y@example,ip:10.0.0.1,ip:2001:db8::1,dir:leaf,other:",
        .point = "http://crl.example/1",
        .responder = "http://ocsp.example/"};
    const struct factory_order authority = {
        .subject = "CA",
        .ca = true,
        .path_length = 2,
        .key_usage = 0x60,
        .permitted = "dns:example,uri:.example,email:example,ip:10.0.0.0/8,dir:leaf",
        .excluded = "dns:b.example,other:,email:x@c.example,ip:2001:db8::/32"};
    struct factory_order odd = {.subject = "a.example", .issuer = "CA", .key = 1};

    write_certificate(folder, "names", &names);
    write_certificate(folder, "authority", &authority);
    write_certificate(folder, "common-name", &odd);
    odd.flags = FACTORY_VERSION_1;
    write_certificate(folder, "version-1", &odd);
    odd.flags = FACTORY_EMPTY_SUBJECT | FACTORY_CRITICAL_NAMES | FACTORY_UNKNOWN_CRITICAL;
    odd.names = "dns:a.example";
    write_certificate(folder, "empty-subject", &odd);
    odd.flags = FACTORY_SERIAL_ZERO | FACTORY_UNKNOWN_EXTENSION | FACTORY_COMPRESSED_POINT;
    write_certificate(folder, "odd", &odd);
}

static void write_crl(const char *folder, const char *name, const struct factory_crl_order *order)
{
    const struct factory_order certificate = {
        .subject = "CA", .serial = 7, .ca = true, .key_usage = 0x60, .point = "http://crl.example/1"};
    FILE *file = open_seed(folder, name);
    put_block(file, factory_crl_der(order));
    put_block(file, factory_der(&certificate));
    fclose(file);
}

static void write_crls(const char *folder)
{
    struct factory_crl_order order = {.issuer = "CA", .number = 5};

    write_crl(folder, "empty", &order);
    order.serials[0] = 7;
    order.serials[1] = 3;
    order.serials[2] = 0x12345;
    write_crl(folder, "revoked", &order);
    order.point = "http://crl.example/1";
    order.only_authorities = true;
    order.reasons = 0x106;
    write_crl(folder, "scope", &order);
    order.entry_unknown_critical = true;
    write_crl(folder, "critical", &order);
    order = (struct factory_crl_order){.issuer = "CA", .number = 9, .base = 5, .serials = {7, 8}};
    order.entry_reasons[0] = 8;
    write_crl(folder, "delta", &order);
    order.base = 0;
    order.indirect = true;
    order.entry_issuers[1] = "Another";
    write_crl(folder, "indirect", &order);
}

static void write_ocsp(const char *folder, const char *name, const struct ocsp_fixture *fixture)
{
    FILE *file = open_seed(folder, name);
    put_block(file, factory_ocsp_der(&fixture->order));
    put_block(file, (struct text){text_copy(fixture->leaf->der), fixture->leaf->der.length});
    put_block(file, (struct text){text_copy(fixture->ca->der), fixture->ca->der.length});
    fclose(file);
}

static void write_ocsps(const char *folder)
{
    const struct factory_order leaf = {
        .subject = "leaf", .issuer = "CA", .key = OCSP_LEAF, .responder = "http://ocsp.example/"};
    struct ocsp_fixture fixture;

    ocsp_fixture_begin(&fixture);
    certificate_destroy(fixture.leaf);
    fixture.order.about = fixture.leaf = factory_certificate(&leaf);
    write_ocsp(folder, "good", &fixture);
    ocsp_fixture_delegate(&fixture, &ocsp_delegate_order);
    fixture.order.name = "Responder";
    fixture.order.single[0].flags = OCSP_SINGLE_SHA256;
    fixture.order.single[1] = (struct factory_single){.status = 'u', .ends = -1, .other = fixture.other_leaf};
    write_ocsp(folder, "delegate", &fixture);
    fixture.order.name = NULL;
    fixture.order.single[0].status = 'r';
    fixture.order.flags = OCSP_FACTORY_NONCE | OCSP_FACTORY_JUNK;
    write_ocsp(folder, "revoked", &fixture);
    fixture.order.flags = OCSP_FACTORY_VERSION;
    write_ocsp(folder, "version", &fixture);
    fixture.order.status = 3;
    write_ocsp(folder, "try-later", &fixture);
    ocsp_fixture_end(&fixture);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: make_path_seeds PATH-FOLDER CRL-FOLDER OCSP-FOLDER CERTIFICATE-FOLDER\n");
        return 2;
    }
    write_paths(argv[1]);
    write_crls(argv[2]);
    write_ocsps(argv[3]);
    write_certificates(argv[4]);
    return 0;
}
