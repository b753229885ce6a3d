"""APKs of an exact size: the entries of a real one, and one more that does not compress."""

import os
import random
import zipfile

from tests.artifacts.make_artifacts import Workshop

_PADDING = "assets/padding.bin"
_PIECE = 4 << 20


class Artifacts:
    """A folder in which they are made."""

    def __init__(self, folder):
        self._folder = folder
        with zipfile.ZipFile(Workshop(os.path.join(folder, "workshop")).apk()) as real:
            self._entries = [(name, real.read(name)) for name in real.namelist()]

    def make(self, size, number=0):
        """The path of a whole APK of exactly `size` bytes; its entries are stored, as large ones mostly are. With another number it is
        another one."""
        path = os.path.join(self._folder, f"{size}-{number}.apk" if number else f"{size}.apk")
        made = _write(path, self._entries, size - _write(path, self._entries, 0, number), number)
        if made != size:
            raise RuntimeError(f"{path} has {made} bytes, not {size}")
        return path


def _write(path, entries, padding, number):
    noise = random.Random(f"{padding} {number}")
    with zipfile.ZipFile(path, "w") as out:
        for name, content in entries:
            out.writestr(zipfile.ZipInfo(name), content)
        with out.open(zipfile.ZipInfo(_PADDING), "w") as inside:
            while padding > 0:
                piece = noise.randbytes(min(_PIECE, padding))
                inside.write(piece)
                padding -= len(piece)
    return os.path.getsize(path)
