"""What tegodrop must reach, against each peer and by itself, and whether it did. Pure.

A row, as results.json holds it: {"name", "direction", "server", "transport", "size", "contestants": {name: {"runs": […]}}}. One of
tegodrop alone: {"name", "title", "of", "load", "measures": {name: {"kind", "value"}}}, where "of" says of how much, and kinds are as in
scale/curves.py.
"""

from dataclasses import dataclass

from tests.bench import stats
from tests.bench.scale.curves import AWAITED_GOALS, FINISHED_GOALS

AT_LEAST, AT_MOST = "at least", "at most"
# What counts as equal of two peaks.
EQUAL = 1.1


@dataclass(frozen=True)
class Goal:
    text: str
    direction: str
    contestant: str
    peer: str
    measure: str
    sense: str
    bounds: dict  # by transport


def _both(bound):
    return {"plain": bound, "tls": bound}


GOALS = (
    Goal("parts, hashed, against curl -T", "put", "parts", "curl", "speed", AT_LEAST, {"plain": 0.8, "tls": 0.75}),
    Goal("parts, hashed, against requests", "put", "parts", "requests", "speed", AT_LEAST, _both(1.3)),
    Goal("parts, not hashed, against curl -T", "put", "parts_unhashed", "curl", "speed", AT_LEAST, _both(1.0)),
    Goal("CPU of parts, not hashed, against curl -T", "put", "parts_unhashed", "curl", "cpu", AT_MOST,
         {"plain": 0.85, "tls": 0.95}),
    Goal("parts against rclone, both hashing", "put", "parts", "rclone", "speed", AT_LEAST, _both(3.5)),
    Goal("CPU of parts against rclone", "put", "parts", "rclone", "cpu", AT_MOST, _both(0.25)),
    Goal("single PUT against curl -T", "put", "put", "curl", "speed", AT_LEAST, _both(0.95)),
    Goal("download, hashed and checked, against curl -o", "get", "get", "curl", "speed", AT_LEAST, _both(1.0)),
    Goal("download against requests' r.content", "get", "get", "requests_content", "speed", AT_LEAST, _both(6.0)),
)
# Of the rows that measure memory.
PEAKS = (("parts", "curl", "peak of parts against curl -T"), ("put", "curl", "peak of a single PUT against curl -T"),
         ("get", "curl_get", "peak of a download against curl -o"))
PEAK_BOUND = 1.5


@dataclass(frozen=True)
class Absolute:
    text: str
    row: str
    measure: str
    most: object  # a number, or the name of another measure of the row


ABSOLUTE = (
    Absolute("rename to first request, p99", "rename-small", "p99", 0.15),
    Absolute("rename to first request less one read and SHA-256, p99", "rename-large", "p99 beyond one read", 0.15),
    Absolute("loop callback, p99", "loop-plain", "callback p99", 0.005),
    Absolute("loop callback, p99", "loop-tls", "callback p99", 0.005),
    Absolute("build done to noticed, × the portal's example's mean", "polling", "delay of busy nights", 0.5),
    Absolute("requests for that, × the portal's example's", "polling", "requests of busy nights", 0.5),
    Absolute("requests of a poll, no more than pages", "scale-awaited", "requests of a poll", "pages"),
    *(Absolute(measure, "scale-awaited", measure, most) for measure, (_, most) in AWAITED_GOALS.items()),
    *(Absolute(measure, "scale-finished", measure, most) for measure, (_, most) in FINISHED_GOALS.items()),
)


def judge_absolute(rows):
    """One entry for each goal whose row was measured."""
    by_name = {row["name"]: row for row in rows}
    found = []
    for goal in ABSOLUTE:
        if goal.row in by_name:
            row = by_name[goal.row]
            bound = row["measures"][goal.most]["value"] if isinstance(goal.most, str) else goal.most
            one = row["measures"][goal.measure]
            found.append({"goal": f"{goal.text} ({row['of']})", "row": goal.row, "measure": goal.measure, "sense": AT_MOST, "bound": bound,
                          "kind": one["kind"], "found": one["value"], "reached": one["value"] <= bound})
    return found


def judge(rows):
    """One entry for each goal in each row where both contestants ran."""
    found = [_entry(goal.text, row, goal.contestant, goal.peer, goal.measure, goal.sense, goal.bounds[row["transport"]])
             for goal in GOALS for row in rows if row["direction"] == goal.direction and _ran(row, goal.contestant, goal.peer)]
    memory = sorted((row for row in rows if row["direction"] == "memory"), key=lambda row: row["size"])
    for contestant, peer, text in PEAKS:
        found += [_entry(text, row, contestant, peer, "rss", AT_MOST, PEAK_BOUND)
                  for row in memory if _ran(row, contestant, peer)]
        there = [row for row in memory if _ran(row, contestant)]
        if len(there) > 1:
            found.append(_growth(text.partition(" against ")[0], contestant, there[0], there[-1]))
    return found


def _ran(row, *names):
    return all(name in row["contestants"] for name in names)


def _entry(text, row, contestant, peer, measure, sense, bound):
    runs = {name: row["contestants"][name]["runs"] for name in (contestant, peer)}
    return _judged(text, row["name"], sense, bound, stats.ratio(measure, runs[contestant], runs[peer]))


def _growth(text, contestant, small, large):
    peaks = [stats.summary([run["rss_kib"] for run in row["contestants"][contestant]["runs"]])["median"]
             for row in (small, large)]
    return _judged(f"{text}, with {large['size'] / small['size']:.0f} times the size", f"{small['name']}, {large['name']}",
                   AT_MOST, EQUAL, stats.summary([peaks[1] / peaks[0]]))


def _judged(text, row, sense, bound, ratio):
    reached = ratio["median"] >= bound if sense == AT_LEAST else ratio["median"] <= bound
    return {"goal": text, "row": row, "sense": sense, "bound": bound, "ratio": ratio, "reached": reached}
