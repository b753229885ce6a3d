"""What is told of tegodrop alone is the worst that was found, and no disturbed read excuses a wait."""

import unittest

from tests import runner
from tests.bench import found, goals
from tests.bench.scale.curves import Curve


def loop_run(p99, count):
    times = {"count": count, "p50": p99 / 10, "p99": p99, "max": p99 * 10}
    return {"callback": times, "callback_cpu": {**times, "p99": p99 / 2}, "turn": {**times, "p99": p99 * 2}}


class FoundTest(unittest.TestCase):
    def test_of_a_hundred_waits_the_highest_is_the_max_alone(self):
        self.assertEqual(found.waits([0.03] * 98 + [0.2, 0.9]), {"p50": ("s", 0.03), "p99": ("s", 0.2), "max": ("s", 0.9)})

    def test_a_slow_read_excuses_no_wait(self):
        measures = found.beyond_reads([0.3, 0.4, 0.3], [(0.02, 0.25), (0.9, 5.0), (0.01, 0.2)])
        self.assertAlmostEqual(measures["p99 beyond one read"][1], 0.15)
        self.assertAlmostEqual(measures["p99 beyond the read just before"][1], 0.1)
        self.assertEqual(measures["read and SHA-256, p50"], ("s", 0.25))
        self.assertEqual(measures["read alone, p50"], ("s", 0.02))

    def test_of_the_loop_each_is_that_of_the_worst_run(self):
        measures = found.worst_loop([loop_run(0.001, 50), loop_run(0.002, 40)])
        self.assertEqual(measures["callback p99"], ("s", 0.002))
        self.assertEqual(measures["callback CPU p99"], ("s", 0.001))
        self.assertEqual(measures["turn p99"], ("s", 0.004))
        self.assertEqual(measures["callback max"], ("s", 0.02))
        self.assertEqual(measures["callbacks"], ("", 40))

    def test_of_the_nights_each_is_that_of_the_worst_kind(self):
        told = {"busy": [{"delay": 0.4, "requests": 0.3}, {"delay": 0.3, "requests": 0.6}], "quiet": [{"delay": 1.1, "requests": 0.5}]}
        self.assertEqual(found.worst_nights(told), {
            "delay of busy nights": ("", 0.4), "requests of busy nights": ("", 0.6), "delay of quiet nights": ("", 1.1),
            "requests of quiet nights": ("", 0.5)})

    def test_a_point_keeps_its_kinds_and_a_whole_curve_is_refused(self):
        curve = Curve("Work", "things")
        curve.add(10, time=("s", 0.5), RSS=("B", 7))
        self.assertEqual(found.only_point(curve), {"time": ("s", 0.5), "RSS": ("B", 7)})
        curve.add(100, time=("s", 0.5), RSS=("B", 7))
        with self.assertRaises(ValueError):
            found.only_point(curve)

    def test_what_is_judged_is_there(self):
        told = {kind: [{"delay": 1, "requests": 1}] for kind in ("busy", "quiet")}
        there = {"rename-small": found.waits([1]), "rename-large": found.beyond_reads([1], [(1, 1)]),
                 "loop-plain": found.worst_loop([loop_run(1, 1)]), "loop-tls": found.worst_loop([loop_run(1, 1)]),
                 "polling": found.worst_nights(told)}
        for goal in goals.ABSOLUTE:
            if goal.row in there:
                self.assertIn(goal.measure, there[goal.row])


if __name__ == "__main__":
    runner.main()
