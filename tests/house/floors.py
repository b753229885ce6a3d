"""The floors that the rooms of daemon/ and config/ stand on, and what leaves them. Pure: works on texts.

Includes and dependencies point down. Rooms on one floor are strangers, but for the pairs listed here.
"""

import ast
import re

FLOORS = {
    "daemon/base": 0,
    "daemon/model": 1, "daemon/loop": 1,
    "daemon/disk": 2, "daemon/net": 2, "daemon/ledger": 2, "daemon/archive": 2, "daemon/provenance": 2, "config": 2,
    "daemon/portal": 3, "daemon/share": 3,
    "daemon/intake": 4, "daemon/upload": 4, "daemon/tracking": 4, "daemon/delivery": 4,
    "daemon/conductor": 5,
    "daemon/report": 6,
    "daemon/app": 7,
    "daemon/cli": 8,
}

# (from, to) on one floor, each with its reason.
NEIGHBOURS = {
    # The ledger asks what kind of file system it stands on: SQLite corrupts on a network folder.
    ("daemon/ledger", "daemon/disk"),
}

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def room_of(path):
    """The room that a file or a package is in, or None outside of the house."""
    path = path.rstrip("/")
    for room in FLOORS:
        if path == room or path.startswith(room + "/"):
            return room
    return None


def _objection(here, there, what):
    if here == there or (here, there) in NEIGHBOURS or FLOORS[there] < FLOORS[here]:
        return None
    if FLOORS[there] > FLOORS[here]:
        return f"{what}: climbs from floor {FLOORS[here]} to floor {FLOORS[there]}"
    return f"{what}: {here} and {there} are strangers on floor {FLOORS[here]}"


def include_faults(sources):
    """What is wrong with the includes of `sources`, {path: text}, as lines for people."""
    faults = []
    graph = {}
    for path, text in sorted(sources.items()):
        here = room_of(path)
        graph[path] = []
        for match in _INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            target = match[1]
            what = f"{path}:{line} includes {target}"
            there = room_of(target)
            if target in sources:
                graph[path].append(target)
            if here is None:
                continue
            if there is None:
                faults.append(f"{what}: not a file of the rooms; includes are written from the top folder")
            elif fault := _objection(here, there, what):
                faults.append(fault)
    faults += [f"a circle of files: {' -> '.join(circle)}" for circle in circles(graph)]
    rooms = {}
    for path, targets in graph.items():
        if room_of(path):
            rooms.setdefault(room_of(path), set()).update(room_of(one) for one in targets if room_of(one) not in (None, room_of(path)))
    faults += [f"a circle of rooms: {' -> '.join(circle)}" for circle in circles(rooms)]
    return faults


def circles(graph):
    """Circles in {node: targets}, each as a list that ends where it begins; none when there is none."""
    done, found = set(), []

    def visit(node, way):
        if node in way:
            found.append(way[way.index(node):] + [node])
            return
        if node in done:
            return
        for target in sorted(graph.get(node, ())):
            visit(target, way + [node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return found


def build_faults(builds):
    """What is wrong with the dependencies and the visibility in `builds`, {path of a BUILD.bazel: text}."""
    faults = []
    for path, text in sorted(builds.items()):
        package = path.rpartition("/")[0]
        here = room_of(package)
        if here is None:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.keyword) and node.arg in ("deps", "implementation_deps"):
                faults += _label_faults(path, here, node.value, up=False)
            if isinstance(node, ast.keyword) and node.arg in ("visibility", "default_visibility"):
                faults += _label_faults(path, here, node.value, up=True)
    return faults


def _label_faults(path, here, value, up):
    faults = []
    for node in ast.walk(value):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not node.value.startswith("//"):
            continue
        label = node.value
        package = label[2:].partition(":")[0]
        there = room_of(package)
        what = f"{path}:{node.lineno} {'is open to' if up else 'depends on'} {label}"
        if label in ("//visibility:private", "//visibility:public"):
            if label.endswith("public"):
                faults.append(f"{what}: say who may enter")
        elif up and label == "//daemon:__pkg__":
            continue  # the binary itself
        elif up and label == "//daemon:__subpackages__":
            # What every room may use: the lowest floors, and the settings.
            if FLOORS[here] > 1 and here != "config":
                faults.append(f"{what}: name the rooms that may enter")
        elif there is None:
            if package.split("/")[0] in ("daemon", "config") or not up:
                faults.append(f"{what}: no room of this house")
        elif fault := _objection(*((there, here) if up else (here, there)), what):
            faults.append(fault)
    return faults
