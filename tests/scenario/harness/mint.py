"""Artifacts by the thousand, each with bytes of its own: a real APK's entries and one more that no other has."""

import hashlib
import io
import random
import zipfile


class Mint:
    def __init__(self, apk):
        with zipfile.ZipFile(apk) as archive:
            self._entries = [(one, archive.read(one)) for one in archive.namelist()]

    def make(self, number, size):
        """An APK of about `size` bytes, as bytes; the same number and size give the same one."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            # In front, so that a copy that ends early has lost what every check looks for.
            padding = random.Random(str(number)).randbytes(size)
            archive.writestr(zipfile.ZipInfo("assets/padding.bin"), padding)
            for name, content in self._entries:
                archive.writestr(zipfile.ZipInfo(name), content)
            archive.writestr(zipfile.ZipInfo("assets/number"), str(number))
        return out.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()
