"""What was measured of tegodrop alone, as measures of a row: {name: (kind, value)}, with kinds as of scale/curves.py. Pure."""

from tests.bench import stats


def waits(seconds):
    return {"p50": ("s", stats.percentile(seconds, 50)), "p99": ("s", stats.percentile(seconds, 99)), "max": ("s", max(seconds))}


def beyond_reads(seconds, reads):
    """What waits were above one read as it mostly is: a read that somebody disturbed excuses no wait. Beside it, above the read that was
    measured just before each: where that is much less, others had the machine. `reads`: [(seconds of reading alone, of reading and
    hashing)]."""
    read, hashed = (stats.percentile(values, 50) for values in zip(*reads))
    paired = [wait - one for wait, (_, one) in zip(seconds, reads)]
    return {"p99 beyond one read": ("s", stats.percentile(seconds, 99) - hashed),
            "p99 beyond the read just before": ("s", stats.percentile(paired, 99)), "read and SHA-256, p50": ("s", hashed),
            "read alone, p50": ("s", read)}


def worst_loop(runs):
    """Of what loop_client prints, each the highest of the runs; and how many callbacks there were at least."""
    out = {}
    for kind, name in (("callback", "callback"), ("callback_cpu", "callback CPU"), ("turn", "turn")):
        out |= {f"{name} {one}": ("s", max(run[kind][one] for run in runs)) for one in ("p50", "p99", "max")}
    return {**out, "callbacks": ("", min(run["callback"]["count"] for run in runs))}


def worst_nights(told):
    """Of what the polling table tells of its goal, the worst kind of night of each."""
    return {f"{what} of {kind} nights": ("", max(one[what] for one in told[kind]))
            for kind in ("busy", "quiet") for what in ("delay", "requests")}


def only_point(curve):
    """Of a curve with one size."""
    if len(curve.sizes) != 1:
        raise ValueError(f"{curve.name}: {len(curve.sizes)} sizes")
    return {one: (curve.kinds[one], values[0]) for one, values in curve.points.items()}
