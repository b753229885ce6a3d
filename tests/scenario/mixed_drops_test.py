"""Drops of every kind that people and tools make: nothing is taken before it is whole, nothing missed, nothing built twice."""

import os

from tests.scenario.harness import namespace
from tests.scenario.harness.mixed_drops import MixedDropsCase

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


if __name__ == "__main__":
    namespace.main()
