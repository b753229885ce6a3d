"""Ratios are those of each round, and only then the median is taken."""

import unittest

from tests import runner
from tests.bench import stats
from tests.bench.samples import run


class StatsTest(unittest.TestCase):
    def test_a_slow_round_counts_for_both(self):
        # The machine was ten times slower in the second round: of the medians of both alone the ratio would be 0.4.
        ours, peer = [run(1.25), run(10), run(2.5)], [run(1), run(8), run(2)]
        self.assertEqual(stats.ratio("speed", ours, peer), {"median": 0.8, "min": 0.8, "max": 0.8})

    def test_more_is_better_of_speed_alone(self):
        ours, peer = [run(2, cpu=1, rss=30)], [run(1, cpu=2, rss=10)]
        self.assertEqual([stats.ratio(measure, ours, peer)["median"] for measure in ("speed", "cpu", "rss")], [0.5, 0.5, 3])

    def test_the_spread_is_told(self):
        ratio = stats.ratio("speed", [run(1), run(1), run(1)], [run(0.5), run(2), run(1)])
        self.assertEqual(ratio, {"median": 1, "min": 0.5, "max": 2})

    def test_rounds_that_do_not_match_are_refused(self):
        for ours, peer in (([run()], [run(), run()]), ([], [])):
            with self.assertRaises(ValueError):
                stats.ratio("speed", ours, peer)

    def test_a_percentile_is_one_of_the_values(self):
        values = list(range(100, 0, -1))
        self.assertEqual([stats.percentile(values, one) for one in (50, 99, 100)], [50, 99, 100])
        self.assertEqual(stats.percentile([3, 1, 2], 99), 3)
        self.assertEqual(stats.percentile([7], 50), 7)

    def test_figures_are_of_a_gigabyte(self):
        figures = stats.figures([run(2, cpu=1, rss=1000)], 500_000_000)
        self.assertEqual(figures, {"megabytes_per_second": 250, "cpu_seconds_per_gigabyte": 2, "peak_megabytes": 1.024})

    def test_each_begins_a_round_in_turn(self):
        names = ["a", "b", "c"]
        orders = [stats.in_turn(names, number) for number in range(4)]
        self.assertEqual(orders, [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]])


if __name__ == "__main__":
    runner.main()
