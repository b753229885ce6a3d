"""Drops of every kind that people and tools make: nothing is taken before it is whole, nothing missed, nothing built twice."""

import os
import unittest

from tests.scenario.harness import namespace
from tests.scenario.harness.mixed_drops import MixedDropsCase, judge
from tests.scenario.harness.writers import Drop

# $DROPS: so many for a night; each kind of writer is watched several times then.
COUNT = int(os.environ.get("DROPS", "60"))
NIGHT = "DROPS" in os.environ


class MixedDropsTest(MixedDropsCase):
    def test_each_kind_raises_the_events_that_the_table_shows(self):
        seen = self.watch(rounds=5 if NIGHT else 1)
        for kind, sequences in seen.items():
            for sequence in sequences:
                with self.subTest(kind=kind):
                    # What admits by events lives on these two.
                    self.assertRegex(sequence, "CREATE" if kind == "ln" else "CLOSE_WRITE|MOVED_TO")

    def test_drops_of_every_kind_are_built_once_and_whole_or_not_at_all(self):
        self.play(COUNT, threads=12)


class JudgeTest(unittest.TestCase):
    drops = [Drop(1, "cp", "one.apk", 1, finished=["1"]), Drop(2, "two, one after the other", "two.apk", 1, finished=["2"], passing=["0"]),
             Drop(3, "cp killed", "three.apk", 1)]

    def wrong(self, *received, left=("three.apk",), refused=()):
        return [one.split(":")[0] for one in judge(self.drops, received, left, refused)[1]]

    def test_what_is_right_is_not_convicted(self):
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2")), [])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "0"), ("two.apk", "2"), left=(), refused=[("three.apk", "incomplete")]), [])

    def test_what_is_taken_early_missed_doubled_refused_or_lost_is_convicted(self):
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2"), ("three.apk", "3")), ["early"])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "0")), ["missed"])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2"), ("one.apk", "1")), ["doubled"])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2"), refused=[("one.apk", "incomplete")]), ["refused"])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2"), refused=[("three.apk", "unreadable")]), ["refused"])
        self.assertEqual(self.wrong(("one.apk", "1"), ("two.apk", "2"), left=()), ["lost"])


if __name__ == "__main__":
    namespace.main()
