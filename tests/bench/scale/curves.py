"""Curves: what was measured as the work grew tenfold, how fast it grew, and which goals it meets. Pure."""

import math
import statistics

# What a value must have grown by before its growth says anything: less is the noise of a machine that does other things too.
# "s": seconds on the clock, "cpu": of the processor, "B": bytes, "": a count, which is what it is.
NOISE = {"s": 0.02, "cpu": 0.002, "B": 2 << 20, "": 0}
# {measure: (size, most)} of two of the curves; tests/bench/run judges them too.
AWAITED_GOALS = {"CPU of a poll": (10_000, 0.05), "RSS": (10_000, 60 << 20)}
FINISHED_GOALS = {"start to READY": (100_000, 0.3), "status": (100_000, 0.05), "status --json": (100_000, 0.05)}
# Above this something grows faster than its work.
STEEPEST = 1.1


class Curve:
    """One work in growing sizes. `goals`: {measure: (size, most)}; `linear`: the measures that the work itself must explain."""

    def __init__(self, name, unit, goals=None):
        self.name = name
        self.unit = unit  # of the sizes
        self.goals = goals or {}
        self.sizes = []
        self.points = {}  # measure -> values, one for each size
        self.kinds = {}   # measure -> one of NOISE

    def add(self, size, **values):
        """`values`: measure=(kind, number)."""
        self.sizes.append(size)
        for measure, (kind, value) in values.items():
            self.kinds[measure] = kind
            self.points.setdefault(measure, []).append(value)

    def exponents(self, measure):
        """Between each size and the next: n where the value, less what it was at the smallest size, grew as size^n; None where
        that is below the noise."""
        values, noise = self.points[measure], NOISE[self.kinds[measure]]
        base = values[0]
        found = []
        for (size, value), (next_size, next_value) in zip(zip(self.sizes, values), zip(self.sizes[1:], values[1:])):
            above, next_above = value - base, next_value - base
            if above <= 0 or above < noise or next_above < noise:
                found.append(None)
            else:
                found.append(math.log(next_above / above) / math.log(next_size / size))
        return found

    def exponent(self, measure):
        """Of the last decade that says anything; counts are what they are, and have none."""
        if not self.kinds[measure]:
            return None
        known = [one for one in self.exponents(measure) if one is not None]
        return known[-1] if known else None

    def too_steep(self):
        return {measure: steep for measure in self.points if (steep := self.exponent(measure)) is not None and steep > STEEPEST}

    def missed(self):
        """[(measure, value, most)] of goals that are not met; a size that was not measured says nothing."""
        found = []
        for measure, (size, most) in self.goals.items():
            if size in self.sizes and (value := self.points[measure][self.sizes.index(size)]) > most:
                found.append((measure, value, most))
        return found

    def table(self):
        measures = list(self.points)
        rows = [[self.unit, *measures]]
        rows += [[f"{size:,}", *(shown(self.kinds[one], self.points[one][at]) for one in measures)] for at, size in enumerate(self.sizes)]
        rows.append(["grows as n^", *("-" if (e := self.exponent(one)) is None else f"{e:.2f}" for one in measures)])
        if self.goals:
            rows.append(["goal", *(f"{shown(self.kinds[one], self.goals[one][1])} at {self.goals[one][0]:,}" if one in self.goals else ""
                                   for one in measures)])
        widths = [max(len(row[at]) for row in rows) for at in range(len(measures) + 1)]
        return [self.name] + [" | ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]

    def document(self):
        return {"name": self.name, "unit": self.unit, "sizes": self.sizes, "exponents": {one: self.exponents(one) for one in self.points},
                "values": self.points, "kinds": self.kinds, "goals": {one: list(goal) for one, goal in self.goals.items()}}


def shown(kind, value):
    if kind in ("s", "cpu"):
        return f"{value * 1000:.2f} ms" if value < 0.1 else f"{value * 1000:.0f} ms"
    if kind == "B":
        return f"{value / (1 << 20):.1f} MiB"
    return f"{value:g}"


def least(values):
    """Of a time: what others disturbed only made longer."""
    return min(values)


def median(values):
    return statistics.median(values)
