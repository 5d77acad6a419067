# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the two YAML files with the words that they take, read from the tables in the code that load them."""
import re

from .document import ROOT, defined

FILES = ["gateway/settings_keys.c", "gateway/settings_dns.c", "policy/partner_keys.c", "policy/revocation_keys.c"]


def _sources():
    return {name: (ROOT / name).read_text() for name in FILES}


def _tables():
    """name -> [(key, the rest of its row)]. The rows that a macro makes are put in its place."""
    tables = {"settings_limit_keys": [(row[1], "") for row in defined("gateway/limits.h", "LIMITS", 7)]}
    for text in _sources().values():
        sides = re.search(r"#define SIDE_KEYS\(side\)(.*?[^\\])\n", text, re.DOTALL)
        for name, body in re.findall(r"const struct yaml_key (\w+)\[\] = \{(.*?)\};", text, re.DOTALL):
            if sides is not None:
                body = re.sub(r"SIDE_KEYS\(\w+\)", lambda _: sides.group(1), body)
            tables[name] = re.findall(r'\{[\s\\]*"([\w-]+)",(.*?)(?:true|false)[\s\\]*\}', body, re.DOTALL)
            assert len(tables[name]) == body.count('"') // 2, f"not every row of {name} could be read"
    return tables


def _within(row, tables):
    """The table of what stands under a key: named in its row, or by the reader that its row names."""
    reader = re.match(r"[\s\\]*(\w+)", row)
    for text in [row] + [body for source in _sources().values() if reader for body in re.findall(
            rf"^static void {reader.group(1)}\(.*?^\}}", source, re.DOTALL | re.MULTILINE)]:
        for name in re.findall(r"\b\w+_keys\b", text):
            if name in tables:
                return name
    return None


def _names(table, tables, before=""):
    for key, row in tables[table]:
        yield before + key
        within = _within(row, tables)
        if within is not None:
            yield from _names(within, tables, f"{before}{key}.")


def of(table):
    """Every key of gateway.yaml ("gateway_keys") or of a partner file ("partner_keys"), as in `internal.listen`."""
    return list(_names(table, _tables()))


def words():
    """The words that are values, but for the methods of SIP: {"if-available", ...}."""
    found = {word for text in _sources().values() for name, body in re.findall(
        r"const struct yaml_word (\w+)\[\] = \{(.*?)\};", text, re.DOTALL) if name != "method_words"
        for word in re.findall(r'\{"([^"{]+)"', body)}
    assert {"strict", "if-available", "srv-target", "hash"} <= found
    return found
