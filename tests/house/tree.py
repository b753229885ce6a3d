"""The files of the source tree that this test was started from, also under Bazel, which shows it a few of them only."""

import os

# What builds and editors leave behind.
_PASSED_OVER = (".git", "bazel-", ".cache")


def top():
    """The top folder of the source tree."""
    # Bazel's runfiles are links into the tree.
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def files(*endings):
    """Paths from the top folder, in order, of the files whose names end so; all files without endings."""
    found = []
    for folder, folders, names in os.walk(top()):
        folders[:] = [one for one in folders if not one.startswith(_PASSED_OVER) and one != "__pycache__"]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), top())
            if (not endings or name.endswith(endings)) and not os.path.islink(os.path.join(top(), path)):
                found.append(path)
    return sorted(found)


def read(path):
    with open(os.path.join(top(), path), encoding="utf-8") as file:
        return file.read()
