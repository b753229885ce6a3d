"""Curves: growth is told from noise, and a goal that is missed is named."""

import unittest

from tests import runner
from tests.bench.scale.curves import Curve


class CurveTest(unittest.TestCase):
    def curve(self, values, kind="s", goals=None):
        curve = Curve("work", "things", goals)
        for size, value in zip((1, 10, 100, 1000, 10_000), values):
            curve.add(size, time=(kind, value))
        return curve

    def test_a_constant_and_noise_have_no_exponent(self):
        self.assertIsNone(self.curve([0.1, 0.1, 0.105, 0.098, 0.103]).exponent("time"))

    def test_linear_growth_above_a_constant_is_one_and_quadratic_two(self):
        self.assertAlmostEqual(self.curve([0.1 + n * 1e-4 for n in (1, 10, 100, 1000, 10_000)]).exponent("time"), 1, places=2)
        curve = self.curve([n * n * 1e-6 for n in (1, 10, 100, 1000, 10_000)], kind="cpu")
        self.assertAlmostEqual(curve.exponent("time"), 2, places=2)
        self.assertEqual(list(curve.too_steep()), ["time"])

    def test_counts_are_not_judged_by_their_growth(self):
        self.assertEqual(self.curve([1, 1, 2, 20, 200], kind="").too_steep(), {})

    def test_a_missed_goal_is_named_and_a_size_that_was_not_measured_is_not(self):
        self.assertEqual(self.curve([1, 1, 1, 1, 2], goals={"time": (10_000, 1.5)}).missed(), [("time", 2, 1.5)])
        self.assertEqual(self.curve([1, 1, 1, 1, 2], goals={"time": (100_000, 1.5)}).missed(), [])

    def test_the_table_has_a_row_for_each_size(self):
        table = self.curve([0.0001, 0.001, 0.01, 0.1, 1], goals={"time": (10_000, 0.5)}).table()
        self.assertEqual(len(table), 1 + 1 + 5 + 2)
        self.assertEqual(table[2].split(" | ")[1].strip(), "0.10 ms")
        self.assertEqual(table[-1].split(" | ")[1].strip(), "500 ms at 10,000")


if __name__ == "__main__":
    runner.main()
