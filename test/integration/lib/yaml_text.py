# SPDX-License-Identifier: GPL-2.0-or-later
"""Python values as the plain block YAML that an administrator writes."""

import re

_PLAIN = re.compile(r"[A-Za-z0-9./][A-Za-z0-9 ._/@+:-]*")


def _scalar(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if _PLAIN.fullmatch(value) and ": " not in value and not value.endswith((":", " ")):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lines(value, indent):
    pad = "  " * indent
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield f"{pad}{key}:"
            yield from _lines(item, indent + 1)
        elif isinstance(item, dict):
            yield f"{pad}{key}: {{}}"
        elif isinstance(item, (list, tuple)):
            yield f"{pad}{key}: [{', '.join(_scalar(i) for i in item)}]"
        else:
            yield f"{pad}{key}: {_scalar(item)}"


def dump(document):
    """Nested dicts, lists of scalars, scalars; nothing else is needed here."""
    return "\n".join(_lines(document, 0)) + "\n"


def merge(base, changes):
    """`base` with `changes` laid over it, dict by dict; a value None removes the key."""
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged
