"""Makes real artifacts with the platforms' own tools: an APK and an AAB with aapt2, an IPA with plistutil and zip.

As a program:   make_artifacts.py FOLDER [--size 1MiB]      writes app.apk, app.aab and app.ipa
As a module:    Workshop(folder).apk(version_code=2)        gives the path of a file that is made once

The same arguments give the same bytes, but for a signed artifact: its key is made anew in every workshop.
"""

import argparse
import functools
import os
import random
import re
import shutil
import struct
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
{more}</dict></plist>
"""
# As the Android Gradle Plugin writes it into release builds.
VERSION_CONTROL = """repositories {{
  system: GIT
  local_root_path: "$PROJECT_DIR"
  revision: "{commit}"
}}
"""
VERSION_CONTROL_NAME = "META-INF/version-control-info.textproto"
CODE_RESOURCES = '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>files</key><dict/></dict></plist>\n'
SCHEMES = ("v1", "v2", "v3")


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
        """An APK of at least `size` bytes. `about`: package, version_code, version_name, marker, extra (entries), commit (in the
        file that the build writes); of a signed one schemes ("v1+v2"; apksigner's choice when left out) and signer (any word:
        each is a key of its own)."""
        return self._once("apk", self._make_apk, size=size, signed=signed, **about)

    def aab(self, size=0, signed=False, **about):
        """`about`: as of an APK, but for schemes: a signed one has v1 alone."""
        return self._once("aab", self._make_aab, size=size, signed=signed, **about)

    def ipa(self, size=0, signed=False, **about):
        """`about`: as of an APK, but for commit and schemes; keys (more of them in the Info.plist, each a text). A signed one's
        executable carries a signature as far as it names its certificate, and is valid for no device."""
        return self._once("ipa", self._make_ipa, size=size, signed=signed, **about)

    def certificate(self, signer="testing"):
        """The path of a signer's certificate, in PEM."""
        path = self._of_signer(signer, "pem")
        if not os.path.exists(path):
            _run("openssl", "pkcs12", "-in", self._key(signer), "-passin", "pass:testing", "-nodes", "-out", path)
        return path

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

    def _make_apk(self, room, target, size, signed, extra=None, marker="", commit=None, schemes=None, signer="testing", **about):
        self._link(room, target, proto=False, **about)
        self._pack(room, target, {"classes.dex": _dex(marker), **_commit_entry("", commit), **(extra or {})}, "assets", size)
        if signed:
            self._sign(target, signer, schemes)

    def _sign(self, target, signer, schemes, *options):
        """apksigner says what it signs with by the oldest system that the APK is for, unless it is told `schemes`."""
        for scheme in SCHEMES if schemes else ():
            options += (f"--{scheme}-signing-enabled", str(scheme in schemes.split("+")).lower())
        _run("apksigner", "sign", "--ks", self._key(signer), "--ks-pass", "pass:testing", *options, target)
        if os.path.exists(target + ".idsig"):
            os.remove(target + ".idsig")

    def _make_aab(self, room, target, size, signed, extra=None, marker="", commit=None, signer="testing", **about):
        linked = os.path.join(room, "linked.zip")
        self._link(room, linked, proto=True, **about)
        unpacked = os.path.join(room, "linked")
        _run("unzip", "-q", linked, "-d", unpacked)
        entries = {
            # The message bundletool.BundleConfig { Bundletool bundletool = 1 { string version = 2 } }.
            "BundleConfig.pb": _field(1, _field(2, b"1.15.6")),
            "base/dex/classes.dex": _dex(marker),
            **_commit_entry("base/root/", commit),
            **(extra or {}),
        }
        for name, inside in (("AndroidManifest.xml", "base/manifest/AndroidManifest.xml"),
                             ("resources.pb", "base/resources.pb")):
            with open(os.path.join(unpacked, name), "rb") as file:
                entries[inside] = file.read()
        self._pack(room, target, entries, "base/assets", size)
        if signed:
            # Its manifest says nothing that apksigner reads.
            self._sign(target, signer, "v1", "--min-sdk-version", "21")

    def _make_ipa(self, room, target, size, signed, extra=None, marker="", package=PACKAGE, version_code=1,
                  version_name="1.0", keys=None, signer="testing"):
        text = os.path.join(room, "Info.xml")
        binary = os.path.join(room, "Info.plist")
        more = "".join(f"<key>{key}</key><string>{value}</string>\n" for key, value in (keys or {}).items())
        _write(text, INFO_PLIST.format(package=package, version_code=version_code, version_name=version_name, more=more))
        _run("plistutil", "-i", text, "-o", binary, "-f", "bin")
        with open(binary, "rb") as file:
            plist = file.read()
        assert plist.startswith(b"bplist00")
        entries = {"Payload/Demo.app/Info.plist": plist,
                   "Payload/Demo.app/Demo": _executable(marker.encode(), self._code_signature(room, signer) if signed else None),
                   "Payload/Demo.app/PkgInfo": b"APPL????"}
        if signed:
            entries["Payload/Demo.app/_CodeSignature/CodeResources"] = CODE_RESOURCES
        self._pack(room, target, {**entries, **(extra or {})}, "Payload/Demo.app", size)

    def _code_signature(self, room, signer):
        """An embedded signature: a code directory, and the CMS message that is to be about it."""
        directory = os.path.join(room, "directory")
        message = os.path.join(room, "message")
        _write(directory, _blob(0xFADE0C02, b"of nothing"))
        _run("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-signer", self.certificate(signer), "-in", directory,
             "-out", message)
        blobs = []
        for path, magic in ((directory, None), (message, 0xFADE0B01)):
            with open(path, "rb") as file:
                blobs.append(file.read() if magic is None else _blob(magic, file.read()))
        first = 12 + 8 * len(blobs)
        index = struct.pack(">IIIII", len(blobs), 0, first, 0x10000, first + len(blobs[0]))
        return _blob(0xFADE0CC0, index + b"".join(blobs))

    def _link(self, room, target, proto, package=PACKAGE, version_code=1, version_name="1.0"):
        manifest = os.path.join(room, "AndroidManifest.xml")
        _write(manifest, ANDROID_MANIFEST.format(package=package, version_code=version_code, version_name=version_name))
        _run("aapt2", "link", *(["--proto-format"] if proto else []), "-o", target, "-I", FRAMEWORK, "--manifest",
             manifest, self._compiled())

    @functools.cached_property
    def _compiled_path(self):
        # The source's path, as it is given, gets into app bundles.
        source = os.path.join("res", "values", "strings.xml")
        _write(os.path.join(self.folder, source), STRINGS)
        _run("aapt2", "compile", "-o", self.folder, source, cwd=self.folder)
        return os.path.join(self.folder, "values_strings.arsc.flat")

    def _compiled(self):
        return self._compiled_path

    def _of_signer(self, signer, ending):
        return os.path.join(self.folder, f"{signer}.{ending}")

    def _key(self, signer):
        path = self._of_signer(signer, "p12")
        if not os.path.exists(path):
            _run("keytool", "-genkeypair", "-keystore", path, "-storetype", "PKCS12", "-storepass", "testing", "-alias",
                 signer, "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "10000", "-dname", f"CN={signer}")
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


def _commit_entry(folder, commit):
    return {folder + VERSION_CONTROL_NAME: VERSION_CONTROL.format(commit=commit)} if commit else {}


def _blob(magic, content):
    """What Apple's signatures are made of."""
    return struct.pack(">II", magic, 8 + len(content)) + content


def _executable(marker, signature):
    """A 64-bit Mach-O file for arm64 that executes nothing; its only load command is that of its signature, if it has one."""
    header = struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, *((0, 0) if signature is None else (1, 16)), 0, 0)
    if signature is None:
        return header + marker
    at = len(header) + 16 + len(marker)
    return header + struct.pack("<4I", 0x1D, 16, at, len(signature)) + marker + signature


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
