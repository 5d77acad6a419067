# SPDX-License-Identifier: GPL-2.0-or-later
"""Is the table of policy/README.md what a run gives? The column of fedgate must be there and true; those of the
libraries are held to it where this machine has the very version that the heading names."""
import sys

import comparison
import judge


def table_of_readme(heading):
    lines = (judge.ROOT / "policy/README.md").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading[0]} | {heading[1]} | "))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:]
            if line.startswith("|") or not line]
    end = next((number for number, row in enumerate(rows) if row == [""]), len(rows))
    return [rows[0], *rows[2:end]]


def by_column(table):
    """(heading of the column, first cell of the row): cell"""
    return {(name, row[0]): cell for row in table[1:] for name, cell in zip(table[0], row)}


def main():
    measured = comparison.compare()
    written = by_column(table_of_readme(measured[0]))
    compared, wrong = set(), 0
    for (column, row), cell in by_column(measured).items():
        if (column, row) not in written and column != "fedgate":
            continue
        compared.add(column)
        if written.get((column, row)) != cell:
            print(f"{column}, {row}: {cell}, where policy/README.md has {written.get((column, row))}")
            wrong += 1
    print(f"compared: {', '.join(sorted(compared))}")
    if wrong:
        print("test/suites/comparison.py prints the whole table")
    sys.exit(1 if wrong or "fedgate" not in compared else 0)


if __name__ == "__main__":
    main()
