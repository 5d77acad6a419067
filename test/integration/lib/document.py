# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Markdown file of the project says: its sections, tables, fenced blocks, inline code and links."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Document:
    def __init__(self, name):
        self.name = name
        self.path = ROOT / name
        self.text = self.path.read_text()

    def section(self, title):
        """The text under a heading, up to the next of the same or a higher rank."""
        match = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,6}} |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert match, f"{self.name} has no section '{title}'"
        rest = self.text[match.start(2):]
        end = re.search(rf"^#{{1,{len(match.group(1))}}} ", _without_fences(rest), re.MULTILINE)
        return rest[:end.start()] if end else rest

    def blocks(self, language):
        return [body for kind, body in FENCE.findall(self.text) if kind == language]

    def inline_code(self):
        return re.findall(r"`([^`\n]+)`", _without_fences(self.text))

    def links(self):
        return re.findall(r"\]\(([^)\s]+)\)", _without_fences(self.text))

    def anchors(self):
        """The headings as GitHub and others name them in links."""
        headings = re.findall(r"^#+ (.*)$", _without_fences(self.text), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_fences(text):
    """Of the same length, so that places stay what they are."""
    return FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def rows(text):
    """The rows of the tables in a text, as lists of cells, without heads."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split(" | ")]
             for line in text.splitlines() if line.startswith("|")]
    heads = {i - 1 for i, cells in enumerate(lines) if set("".join(cells)) <= set("-| ")}
    return [cells for i, cells in enumerate(lines) if i not in heads and i - 1 not in heads]


def bare(cell):
    return cell.strip("`")


def defined(file, macro, fields):
    """The rows X(...) of a list macro in C, `fields` values each, quotes and line breaks taken off."""
    text = (ROOT / file).read_text()
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n", text, re.DOTALL)
    assert body, f"{file} does not define {macro}"
    value = r'\s*(?:"((?:[^"\\]|\\.)*)"|([\w.]+))\s*'
    found = [[match.group(2 * i + 1) if match.group(2 * i + 1) is not None else match.group(2 * i + 2)
              for i in range(fields)]
             for match in re.finditer(rf"\bX\({','.join([value] * fields)}\)", body.group(1).replace("\\\n", "\n"))]
    assert len(found) == len(re.findall(r"\bX\(", body.group(1))), f"not every row of {macro} in {file} could be read"
    return found
