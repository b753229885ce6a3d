"""What the runs of a round say of each other. Pure.

A run is what measure.cc writes: {"wall", "user", "system", "rss_kib"}. Contestants run in turn, so runs of the same round met the
same machine: they are compared with each other first, and the median is taken of that.
"""

import math
import statistics

MEASURES = {
    # What is compared, as a number of which more is better (speed) or worse (cpu, rss).
    "speed": lambda run: 1 / run["wall"],
    "cpu": lambda run: run["user"] + run["system"],
    "rss": lambda run: run["rss_kib"],
}


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def percentile(values, percent):
    """The least of them that so many of a hundred are not above."""
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


def ratios(measure, runs, peer_runs):
    """Each run's measure over that of the peer in the same round."""
    if len(runs) != len(peer_runs) or not runs:
        raise ValueError(f"{len(runs)} runs against {len(peer_runs)}")
    value = MEASURES[measure]
    return [value(run) / value(peer) for run, peer in zip(runs, peer_runs)]


def ratio(measure, runs, peer_runs):
    return summary(ratios(measure, runs, peer_runs))


def figures(runs, size):
    """Medians of what a run of `size` bytes cost, in the units of tables."""
    return {
        "megabytes_per_second": statistics.median(size / 1e6 / run["wall"] for run in runs),
        "cpu_seconds_per_gigabyte": statistics.median(MEASURES["cpu"](run) * 1e9 / size for run in runs),
        "peak_megabytes": statistics.median(run["rss_kib"] * 1024 / 1e6 for run in runs),
    }


def in_turn(names, number):
    """The order of round `number`: each contestant begins one, and follows each place once in as many rounds as there are."""
    start = number % len(names) if names else 0
    return names[start:] + names[:start]
