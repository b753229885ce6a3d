"""The units, as systemd-analyze judges them."""

import glob
import os
import re
import shutil
import unittest

from tests import runner
from tests.package.package import new_folder, read, run, unpacked

UNITS = "lib/systemd/system"
INSTANCES = {"tegodrop@.service": "tegodrop@acme.service", "tegodrop-failed@.service": "tegodrop-failed@tegodrop.service"}
MOST_EXPOSED = 1.1


def services():
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(unpacked(), UNITS, "*.service")))


def values(unit, key):
    return re.findall(rf"^{key}=(.*)$", read(UNITS, unit), re.MULTILINE)


class UnitsTest(unittest.TestCase):
    def test_systemd_has_nothing_to_say_of_them(self):
        root = os.path.join(new_folder(), "root")
        shutil.copytree(unpacked(), root, symlinks=True)
        for path in glob.glob("/lib/systemd/system/*.target"):
            if not os.path.islink(path):
                shutil.copy(path, os.path.join(root, UNITS))
        shutil.copy("/usr/bin/echo", os.path.join(root, "usr/bin"))
        units = [INSTANCES.get(unit, unit) for unit in services()] + ["tegodrop-nightly.timer"]
        self.assertGreater(len(units), 5)
        done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", *units)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_examples_for_shares_are_sound_too(self):
        folder = new_folder()
        for name in ("mnt-builds-drop.mount", "mnt-builds-drop.automount"):
            shutil.copy(os.path.join(unpacked(), "usr/share/doc/tegodrop/examples", name), folder)
        done = run("systemd-analyze", "verify", os.path.join(folder, "mnt-builds-drop.automount"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_each_service_is_hardly_exposed(self):
        for unit in services():
            with self.subTest(unit=unit):
                done = run("systemd-analyze", "security", "--offline=true", "--no-pager", os.path.join(unpacked(), UNITS, unit))
                level = re.search(r"Overall exposure level for .*: ([0-9.]+) ", done.stdout)
                self.assertIsNotNone(level, done.stdout + done.stderr)
                self.assertLessEqual(float(level[1]), MOST_EXPOSED, done.stdout)

    def test_the_instances_are_sandboxed_as_the_service_is(self):
        def sandbox(unit):
            return read(UNITS, unit).partition("UMask=")[2]

        self.assertGreater(len(sandbox("tegodrop.service")), 500)
        self.assertEqual(sandbox("tegodrop@.service"), sandbox("tegodrop.service"))

    def test_a_fault_that_does_not_pass_is_told_and_not_tried_again(self):
        for unit in ("tegodrop.service", "tegodrop@.service"):
            self.assertEqual(values(unit, "RestartPreventExitStatus"), ["64 78"])
            self.assertEqual(values(unit, "StartLimitIntervalSec"), ["0"])
            self.assertEqual(values(unit, "Restart"), ["on-failure"])

    def test_each_has_what_it_calls_in_its_failure_to_itself(self):
        # systemd names the failed unit to it only where no other one calls the same.
        called = [value for unit in services() for value in values(unit, "OnFailure")]
        self.assertEqual(len(called), 3)
        self.assertEqual(len(set(called)), 3)

    def test_what_it_runs_it_may_run(self):
        for unit in services():
            allowed = values(unit, "ExecPaths")[0].split()
            for command in values(unit, "ExecStart") + values(unit, "ExecReload"):
                with self.subTest(unit=unit, command=command):
                    self.assertIn(command.split()[0].lstrip("-"), allowed)


if __name__ == "__main__":
    runner.main()
