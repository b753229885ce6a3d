"""Counts test cases: reads the file that `bazel test --build_event_json_file=FILE` wrote, and the test.xml of each target.

Prints a line for each case that failed, and last "N passed, N failed". A target that failed without a failed case in its
test.xml (it crashed, took too long, or complained after its last test) counts as one failed case.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as xml


def results(path):
    """{(label, run): (passed, path of its test.xml or None)} of the last attempt of each run."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if "testResult" not in event:
                continue
            which, result = event["id"]["testResult"], event["testResult"]
            outputs = {one["name"]: one.get("uri", "") for one in result.get("testActionOutput", ())}
            report = urllib.parse.unquote(urllib.parse.urlparse(outputs["test.xml"]).path) if "test.xml" in outputs else None
            found[which["label"], which.get("run"), which.get("shard")] = (result.get("status") == "PASSED", report)
    return found


def cases(report):
    """(names of all cases, names of failed cases) of a test.xml."""
    everything, failed = [], []
    for case in xml.parse(report).getroot().iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        everything.append(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
    return everything, failed


def count(path):
    """(passed, failed, lines for people)."""
    passed, lines = 0, []
    for (label, _, _), (good, report) in sorted(results(path).items(), key=lambda one: one[0][0]):
        everything, failed = [], []
        if report is not None:
            try:
                everything, failed = cases(report)
            except (OSError, xml.ParseError) as error:
                lines.append(f"{label}: its test.xml cannot be read: {error}")
                continue
        passed += len(everything) - len(failed)
        lines += [f"{label}: {name}" for name in failed]
        if good and not everything:
            lines.append(f"{label}: ran no test")
        if not good and not failed:
            lines.append(f"{label}: failed outside of its cases (a crash, a timeout, a sanitizer at the end)")
    return passed, len(lines), lines


if __name__ == "__main__":
    good_cases, bad_cases, told = count(sys.argv[1])
    print("\n".join([*told, f"{good_cases} passed, {bad_cases} failed"]))
