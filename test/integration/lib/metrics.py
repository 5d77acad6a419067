# SPDX-License-Identifier: GPL-2.0-or-later
"""metrics.prom, read as Prometheus reads it, and held against promtool."""

import re
import subprocess
from pathlib import Path

from . import wait

_SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\})? '
                     r'(?P<value>[0-9.eE+-]+|\+Inf|NaN)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """One look at the file: (name, labels) -> value, and the kind of each family."""

    def __init__(self, text):
        self.text, self.values, self.kinds = text, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.kinds, f"{name} comes twice"
                self.kinds[name] = kind
            elif not line.startswith("#"):
                match = _SAMPLE.fullmatch(line)
                assert match, line
                key = (match["name"], frozenset(_LABEL.findall(match["labels"] or "")))
                assert key not in self.values, f"twice: {line}"
                self.values[key] = float(match["value"])

    def find(self, name, **labels):
        """[(labels as a dict, value)] of all series of the name that have these labels."""
        return [(dict(found), value) for (series, found), value in self.values.items()
                if series == name and labels.items() <= dict(found).items()]

    def total(self, name, **labels):
        return sum(value for _, value in self.find(name, **labels))

    def one(self, name, **labels):
        [(_, value)] = self.find(name, **labels)
        return value


def read(lab):
    """What stands there now; None: nothing yet."""
    path = Path(lab.gateway.folder) / "logs/metrics.prom"
    return Metrics(path.read_text()) if path.exists() else None


def until(lab, condition, what, timeout=25.0):
    """The first look at which the condition holds: the file is written every ten seconds."""
    def look():
        metrics = read(lab)
        return metrics if metrics and condition(metrics) else None

    return wait.until(look, timeout, lambda: f"{what} in\n{read(lab) and read(lab).text}", interval=0.1)


def assert_sound(text):
    """promtool finds nothing to complain of, not even a name."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), text
