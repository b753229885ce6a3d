"""Makes real artifacts with the platforms' own tools: an APK and an AAB with aapt2, an IPA with plistutil and zip.

As a program:   make_artifacts.py FOLDER [--size 1MiB]      writes app.apk, app.aab and app.ipa
As a module:    Workshop(folder).apk(version_code=2)        gives the path of a file that is made once

The same arguments give the same bytes, but for a signed APK: its key is made anew in every workshop.
"""

import argparse
import functools
import os
import random
import re
import shutil
import subprocess
import sys
import threading

FRAMEWORK = "/usr/share/android-framework-res/framework-res.apk"
PACKAGE = "com.example.demo"
# 1 January 2020: what zip writes as each entry's time.
ENTRY_TIME = 1577836800
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

ANDROID_MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="{package}"
    android:versionCode="{version_code}" android:versionName="{version_name}">
  <uses-sdk android:minSdkVersion="24" android:targetSdkVersion="29"/>
  <application android:label="@string/app_name" android:hasCode="true"/>
</manifest>
"""
STRINGS = '<?xml version="1.0" encoding="utf-8"?>\n<resources><string name="app_name">Demo</string></resources>\n'
INFO_PLIST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleIdentifier</key><string>{package}</string>
<key>CFBundleName</key><string>Demo</string>
<key>CFBundleExecutable</key><string>Demo</string>
<key>CFBundlePackageType</key><string>APPL</string>
<key>CFBundleShortVersionString</key><string>{version_name}</string>
<key>CFBundleVersion</key><string>{version_code}</string>
<key>LSRequiresIPhoneOS</key><true/>
</dict></plist>
"""


def parse_size(text):
    """Bytes of "1MiB", "300KiB" or a plain number."""
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB|)", text)
    if not match:
        raise ValueError(f"'{text}' is no size; allowed are a number of bytes, or one with KiB, MiB or GiB")
    return int(match[1]) * UNITS[match[2]]


def _run(*command, cwd=None):
    # zip writes local times into its entries.
    done = subprocess.run(command, cwd=cwd, env={**os.environ, "TZ": "UTC"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout.decode(errors='replace')}")


def _write(path, content):
    """Bytes, text, or pieces of bytes."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        if isinstance(content, str):
            content = content.encode()
        file.writelines([content] if isinstance(content, bytes) else content)


def _noise(seed, size):
    """`size` bytes that do not compress, in pieces."""
    source = random.Random(seed)
    while size > 0:
        piece = source.randbytes(min(size, 16 << 20))
        yield piece
        size -= len(piece)


def _field(number, content):
    """One length-delimited protobuf field; enough for what is written here."""
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


class Workshop:
    """A folder in which artifacts are made; each is made once for each set of arguments."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self._made = {}
        self._one_at_a_time = threading.Lock()

    def apk(self, size=0, signed=False, **about):
        """An APK of at least `size` bytes. `about`: package, version_code, version_name, marker, extra (entries)."""
        return self._once("apk", self._make_apk, size=size, signed=signed, **about)

    def aab(self, size=0, **about):
        return self._once("aab", self._make_aab, size=size, **about)

    def ipa(self, size=0, **about):
        return self._once("ipa", self._make_ipa, size=size, **about)

    def _once(self, kind, make, **arguments):
        key = (kind, repr(sorted(arguments.items())))
        with self._one_at_a_time:
            if key not in self._made:
                room = os.path.join(self.folder, f"{len(self._made)}-{kind}")
                target = os.path.join(room, f"app.{kind}")
                os.makedirs(room)
                make(room, target, **arguments)
                self._made[key] = target
            return self._made[key]

    def _make_apk(self, room, target, size, signed, extra=None, marker="", **about):
        self._link(room, target, proto=False, **about)
        self._pack(room, target, {"classes.dex": _dex(marker), **(extra or {})}, "assets", size)
        if signed:
            _run("apksigner", "sign", "--ks", self._key(), "--ks-pass", "pass:testing", target)
            if os.path.exists(target + ".idsig"):
                os.remove(target + ".idsig")

    def _make_aab(self, room, target, size, extra=None, marker="", **about):
        linked = os.path.join(room, "linked.zip")
        self._link(room, linked, proto=True, **about)
        unpacked = os.path.join(room, "linked")
        _run("unzip", "-q", linked, "-d", unpacked)
        entries = {
            # The message bundletool.BundleConfig { Bundletool bundletool = 1 { string version = 2 } }.
            "BundleConfig.pb": _field(1, _field(2, b"1.15.6")),
            "base/dex/classes.dex": _dex(marker),
            **(extra or {}),
        }
        for name, inside in (("AndroidManifest.xml", "base/manifest/AndroidManifest.xml"),
                             ("resources.pb", "base/resources.pb")):
            with open(os.path.join(unpacked, name), "rb") as file:
                entries[inside] = file.read()
        self._pack(room, target, entries, "base/assets", size)

    def _make_ipa(self, room, target, size, extra=None, marker="", package=PACKAGE, version_code=1,
                  version_name="1.0"):
        text = os.path.join(room, "Info.xml")
        binary = os.path.join(room, "Info.plist")
        _write(text, INFO_PLIST.format(package=package, version_code=version_code, version_name=version_name))
        _run("plistutil", "-i", text, "-o", binary, "-f", "bin")
        with open(binary, "rb") as file:
            plist = file.read()
        assert plist.startswith(b"bplist00")
        # A 64-bit Mach-O header for arm64, an executable without load commands.
        executable = bytes.fromhex("cffaedfe0c000001000000000200000000000000000000000000000000000000") + marker.encode()
        self._pack(room, target, {"Payload/Demo.app/Info.plist": plist, "Payload/Demo.app/Demo": executable,
                                  "Payload/Demo.app/PkgInfo": b"APPL????", **(extra or {})}, "Payload/Demo.app", size)

    def _link(self, room, target, proto, package=PACKAGE, version_code=1, version_name="1.0"):
        manifest = os.path.join(room, "AndroidManifest.xml")
        _write(manifest, ANDROID_MANIFEST.format(package=package, version_code=version_code, version_name=version_name))
        _run("aapt2", "link", *(["--proto-format"] if proto else []), "-o", target, "-I", FRAMEWORK, "--manifest",
             manifest, self._compiled())

    @functools.cached_property
    def _compiled_path(self):
        source = os.path.join(self.folder, "res", "values", "strings.xml")
        _write(source, STRINGS)
        _run("aapt2", "compile", "-o", self.folder, source)
        return os.path.join(self.folder, "values_strings.arsc.flat")

    def _compiled(self):
        return self._compiled_path

    def _key(self):
        path = os.path.join(self.folder, "testing.p12")
        if not os.path.exists(path):
            _run("keytool", "-genkeypair", "-keystore", path, "-storetype", "PKCS12", "-storepass", "testing", "-alias",
                 "testing", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "10000", "-dname", "CN=testing")
        return path

    def _pack(self, room, target, entries, padding_folder, size):
        """Adds `entries` to the ZIP `target`, and what is missing to `size` as an entry that does not compress."""
        content = os.path.join(room, "content")
        missing = size - (os.path.getsize(target) if os.path.exists(target) else 0)
        if missing > 0:
            entries = {**entries, f"{padding_folder}/padding.bin": missing}
        for name, data in entries.items():
            path = os.path.join(content, name)
            _write(path, _noise(size, data) if isinstance(data, int) else data)
            os.chmod(path, 0o644)
            os.utime(path, (ENTRY_TIME, ENTRY_TIME))
        _run("zip", "-q", "-X", "-D", "-n", ".bin", target, *entries, cwd=content)
        shutil.rmtree(content)


def _dex(marker):
    # Magic, checksum and sizes of a DEX file that holds nothing; what matters here is the entry, not the code.
    return b"dex\n035\0" + bytes(104) + marker.encode()


def main():
    parser = argparse.ArgumentParser(description="Makes app.apk, app.aab and app.ipa in FOLDER.")
    parser.add_argument("folder")
    parser.add_argument("--size", default="0", help="at least so large, such as 1MiB")
    parser.add_argument("--signed", action="store_true", help="sign the APK with a key made for it")
    arguments = parser.parse_args()
    try:
        size = parse_size(arguments.size)
    except ValueError as error:
        parser.error(str(error))
    room = os.path.join(arguments.folder, ".workshop")
    workshop = Workshop(room)
    try:
        for path in (workshop.apk(size=size, signed=arguments.signed), workshop.aab(size=size), workshop.ipa(size=size)):
            shutil.move(path, os.path.join(arguments.folder, os.path.basename(path)))
    finally:
        shutil.rmtree(room)
    return 0


if __name__ == "__main__":
    sys.exit(main())
