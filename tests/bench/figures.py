"""Medians, ratios and Markdown tables."""

from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass
class Budget:
    what: str
    limit: str
    measured: str
    # None: not measured in this run.
    held: bool | None


@dataclass
class Section:
    title: str
    text: str
    budgets: list = field(default_factory=list)


def number(value):
    """Three significant digits."""
    if value is None:
        return "–"
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:.{digits}f}"
    return f"{value:.3f}"


def times(value):
    return "–" if value is None else number(value) + "×"


def ratio(rival, own):
    """Median of the ratios of each round: both stood under the same load."""
    return median(one / other for one, other in zip(rival, own))


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def spread(values):
    low, high = quartiles(values)
    return f"{number(median(values))} ({number(low)}–{number(high)})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def at_least(what, limit, value):
    return Budget(what, f"≥ {limit}×", times(value), None if value is None else value >= limit)


def at_most(what, limit, value, unit):
    return Budget(what, f"≤ {limit} {unit}", f"{number(value)} {unit}", None if value is None else value <= limit)
