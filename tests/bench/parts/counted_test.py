"""How many instructions the daemon's parts take, against what they took when somebody last looked.

Counted by valgrind, so that a busy machine changes nothing. By hand, where the change was meant:

    tests/run_python tests.bench.parts.counted_test --update        with $COUNTED naming the program, built with --config=opt
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from tests import runner

BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baseline.json")
# Generous: another compiler or C library of the same year stays inside, another way to do the work does not.
MOST = 1.3
WORK = {"history": "a page of the build history, 50 rows", "transitions": "1,000 transitions in the ledger",
        "scan": "a scan of 1,000 names", "manifest": "an APK's manifest", "inspection": "a look into an APK of 8 MiB"}
# The same instructions on every machine: OpenSSL and glibc choose by what the processor can.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "OPENSSL_ia32cap": "0x20007000000:0x0",
               "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM"}


def counted(program):
    """{work: instructions}."""
    return {work: count_of(os.path.abspath(program), work) for work in WORK}


def count_of(program, work):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*Counted<*", f"--callgrind-out-file={out}",
                   program, work]
        done = subprocess.run(command, env=ENVIRONMENT, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stderr[-3000:]}")
        with open(out, encoding="utf-8") as file:
            count = int(re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)[1])
        if count == 0:
            raise AssertionError(f"{program} {work}: nothing was counted")
        return count


def compared(now, baseline):
    """Lines for people, and those of them that are faults."""
    lines, faults = [], []
    for work in WORK:
        if work not in now or work not in baseline:
            faults.append(f"{work}: {'not counted' if work not in now else 'not in the baseline'}")
            continue
        ratio = now[work] / baseline[work]
        line = f"{WORK[work]}: {now[work]:,} instructions, {ratio:.3f} x the baseline's {baseline[work]:,}"
        lines.append(line)
        if ratio > MOST:
            faults.append(f"{line}: it rose by {100 * (ratio - 1):.0f} %, more than {100 * (MOST - 1):.0f} %")
    return lines, faults


def read_baseline():
    with open(BASELINE, encoding="utf-8") as file:
        return json.load(file)["instructions"]


class CountedTest(unittest.TestCase):
    def test_nothing_takes_many_more_instructions_than_in_the_baseline(self):
        lines, faults = compared(counted(os.environ["COUNTED"]), read_baseline())
        print(*lines, sep="\n")
        self.assertEqual(faults, [], "where it was meant: run it with --update, and commit the baseline")


class ComparedTest(unittest.TestCase):
    """The comparison itself."""

    def test_what_rose_is_named_with_how_much(self):
        base = {work: 1000 for work in WORK}
        self.assertEqual(compared(base, base)[1], [])
        self.assertEqual(compared({**base, "scan": 1300}, base)[1], [])
        faults = compared({**base, "scan": 1500}, base)[1]
        self.assertEqual(len(faults), 1)
        self.assertIn("a scan", faults[0])
        self.assertIn("50 %", faults[0])

    def test_what_is_missing_is_a_fault(self):
        base = {work: 1000 for work in WORK}
        self.assertEqual(len(compared({}, base)[1]), len(WORK))
        self.assertEqual(len(compared(base, {})[1]), len(WORK))


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        with open(BASELINE, "w", encoding="utf-8") as written:
            json.dump({"schema": "tegodrop-instructions/1", "instructions": counted(os.environ["COUNTED"])}, written, indent=1,
                      sort_keys=True)
            written.write("\n")
        sys.exit(0)
    runner.main()
