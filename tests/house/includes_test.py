"""Includes and dependencies point down; nothing circles; the simulator shares no code with the daemon."""

import unittest

from tests import runner
from tests.house import floors, tree


class TreeTest(unittest.TestCase):
    """The tree as it is."""

    def test_every_folder_of_the_daemon_is_a_known_room(self):
        rooms = {"/".join(path.split("/")[:2]) for path in tree.files() if path.startswith("daemon/") and path.count("/") > 1}
        self.assertGreater(len(rooms), 5)
        self.assertEqual(sorted(rooms - set(floors.FLOORS)), [])

    def test_includes_point_down_and_never_in_circles(self):
        sources = {path: tree.read(path) for path in tree.files(".h", ".cc") if path.startswith(("daemon/", "config/"))}
        self.assertGreater(len(sources), 50)
        self.assertEqual(floors.include_faults(sources), [])

    def test_build_files_follow_the_floors(self):
        builds = {path: tree.read(path) for path in tree.files("BUILD.bazel")}
        self.assertGreater(len(builds), 10)
        self.assertEqual(floors.build_faults(builds), [])

    def test_the_simulator_includes_nothing_but_itself(self):
        for path in tree.files(".h", ".cc"):
            if path.startswith("tests/portal/"):
                for line in tree.read(path).splitlines():
                    if line.startswith('#include "'):
                        self.assertTrue(line.startswith('#include "tests/portal/'), f"{path}: {line}")

    def test_what_takes_long_to_compile_is_included_by_one_file_alone(self):
        for library, file in (("spdlog", "daemon/base/log.cc"), ("date", "daemon/base/time_zone.cc")):
            found = [path for path in tree.files(".h", ".cc") if f"#include <{library}/" in tree.read(path)]
            self.assertEqual(found, [file])


class RefusalTest(unittest.TestCase):
    """The test itself: what it must not let through."""

    def faults(self, **texts):
        return floors.include_faults({path.replace("__", "/") + ".h": text for path, text in texts.items()})

    def assert_fault(self, faults, *words):
        self.assertEqual(len(faults), 1, faults)
        for word in words:
            self.assertIn(word, faults[0])

    def test_an_include_that_climbs(self):
        faults = self.faults(daemon__disk__a='// disk\n#include "daemon/share/b.h"\n', daemon__share__b="")
        self.assert_fault(faults, "daemon/disk/a.h:2", "climbs from floor 2 to floor 3")

    def test_an_include_of_a_stranger(self):
        faults = self.faults(daemon__upload__a='#include "daemon/delivery/b.h"\n', daemon__delivery__b="")
        self.assert_fault(faults, "daemon/upload/a.h:1", "strangers on floor 4")

    def test_a_listed_neighbour_in_the_other_direction(self):
        faults = self.faults(daemon__disk__a='#include "daemon/ledger/b.h"\n', daemon__ledger__b="")
        self.assert_fault(faults, "strangers on floor 2")

    def test_a_circle_inside_of_a_room(self):
        faults = self.faults(daemon__base__a='#include "daemon/base/b.h"\n', daemon__base__b='#include "daemon/base/c.h"',
                             daemon__base__c='  #  include "daemon/base/a.h"\n')
        self.assert_fault(faults, "a circle of files", "daemon/base/a.h -> daemon/base/b.h -> daemon/base/c.h -> daemon/base/a.h")

    def test_a_circle_of_rooms_that_is_none_of_files(self):
        faults = self.faults(daemon__share__a='#include "daemon/base/x.h"\n', daemon__base__y='#include "daemon/share/a.h"\n',
                             daemon__base__x="")
        self.assertEqual(len(faults), 2, faults)
        self.assertIn("climbs", faults[0])
        self.assertIn("a circle of rooms: daemon/base -> daemon/share -> daemon/base", faults[1])

    def test_an_include_that_is_not_written_from_the_top_folder(self):
        self.assert_fault(self.faults(daemon__base__a='#include "b.h"\n', daemon__base__b=""), "from the top folder")

    def test_an_include_of_test_code(self):
        self.assert_fault(self.faults(daemon__base__a='#include "tests/fakes/clock.h"\n'), "not a file of the rooms")

    def test_what_points_down_passes(self):
        faults = self.faults(daemon__share__a='#include <vector>\n#include "daemon/archive/b.h"\n#include "daemon/share/c.h"\n',
                             daemon__archive__b='#include "daemon/base/d.h"\n', daemon__share__c="", daemon__base__d="")
        self.assertEqual(faults, [])

    def test_a_dependency_that_climbs(self):
        faults = floors.build_faults({"daemon/base/BUILD.bazel": 'cc_library(\n  name = "base",\n  deps = ["//daemon/model"],\n)\n'})
        self.assert_fault(faults, "daemon/base/BUILD.bazel:3", "climbs")

    def test_a_dependency_on_a_stranger(self):
        faults = floors.build_faults({"daemon/net/BUILD.bazel": 'cc_library(name = "net", deps = ["//daemon/disk:fs"])\n'})
        self.assert_fault(faults, "strangers")

    def test_a_room_that_is_open_to_a_lower_one(self):
        text = 'package(default_visibility = [\n  "//daemon/disk:__subpackages__",\n])\n'
        self.assert_fault(floors.build_faults({"daemon/share/BUILD.bazel": text}), "daemon/share/BUILD.bazel:2", "climbs")

    def test_a_room_that_is_open_to_all(self):
        for label in ("//visibility:public", "//daemon:__subpackages__"):
            text = f'package(default_visibility = ["{label}"])\n'
            self.assert_fault(floors.build_faults({"daemon/upload/BUILD.bazel": text}), label)


if __name__ == "__main__":
    runner.main()
