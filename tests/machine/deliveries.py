"""What must stand in folders that were copied out of the machine's disk."""

import json
import os

from tests.scenario.harness.site import names_of_delivery, sha256_of


def check_output_folder(case, folder, builds):
    """Whole deliveries of some of the simulator's `builds`, and nothing else; their traces."""
    by_source = {one["source_sha256"]: one for one in builds}
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    traces, expected = [], set()
    for name in names:
        if not name.endswith(".trace.json"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            trace = json.load(file)
        output = trace["protected_output"]
        expected |= {name, *names_of_delivery(output)}
        whole = sha256_of(os.path.join(folder, output))
        case.assertEqual(whole, trace["output"]["sha256"])
        case.assertEqual(whole, by_source[trace["source"]["sha256"]]["output_sha256"])
        with open(os.path.join(folder, output + ".sha256"), encoding="utf-8") as file:
            case.assertEqual(file.read().split()[0], whole)
        traces.append(trace)
    case.assertEqual(set(names), expected, "nothing half stands in the output folder")
    return traces


def check_drop_folder(case, folder, done):
    """All of `done`, {name: SHA-256}, lies in processed/ as it was dropped and has its receipt; nothing waits, nothing failed."""
    def names_in(part):
        path = os.path.join(folder, ".tegodrop", part)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []
    # What an unfinished drop left under its temporary name is not ours.
    case.assertEqual([name for name in os.listdir(folder) if not name.startswith(".")], [])
    case.assertEqual(names_in("failed"), [])
    case.assertEqual(names_in("claimed"), [])
    case.assertEqual(names_in("processed"), sorted(done))
    for name, source in done.items():
        case.assertEqual(sha256_of(os.path.join(folder, ".tegodrop", "processed", name)), source)
    case.assertEqual(len(names_in("receipts")), len(done))
