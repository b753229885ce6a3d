"""Who runs in each row, and with which command. Pure.

rclone sends four parts of ten MiB at a time, and hashes the whole file and each part, as it does when nobody tells it otherwise. Its
upload_cutoff is lowered to a part, so that a file of 100 MB goes by parts too; --s3-no-check-bucket spares it the making of one.
"""

import dataclasses
import os
import sys
from dataclasses import dataclass

CHUNK = 10 << 20


@dataclass(frozen=True)
class Place:
    """Where one run goes to."""
    base: str       # http://127.0.0.1:PORT
    server: str     # nginx or discarding
    ca: str         # the CA's certificate, or empty where there is no TLS
    source: str     # the artifact
    size: int
    out: str        # where a download goes
    name: str       # of the object, another one for each run
    upload_id: str  # of a multipart upload at the discarding server
    admitted: str = ""  # what intake knows of the artifact, and what a client knows of it that hashes nothing
    admitted_unhashed: str = ""

    @property
    def url(self):
        return f"{self.base}/{'store' if self.server == 'nginx' else 'bucket'}/{self.name}"

    @property
    def part_prefix(self):
        """What a part's number follows."""
        return self.url + (".part." if self.server == "nginx" else f"?uploadId={self.upload_id}&partNumber=")

    @property
    def blob(self):
        return f"{self.base}/blob/{self.size}"


@dataclass(frozen=True)
class Programs:
    client: str = ""  # empty: only the peers
    client_unhashed: str = ""


@dataclass(frozen=True)
class Contestant:
    label: str
    peer: str
    command: object         # of (Place, Programs)
    in_parts: bool = False  # one that needs an upload begun for it
    program: str = ""       # of Programs; empty: a peer
    servers: tuple = ("nginx", "discarding")


def _trust(option, place):
    return [option, place.ca] if place.ca else []


def _curl(place, *arguments):
    return ["curl", "--silent", "--show-error", "--fail", *_trust("--cacert", place), *arguments]


def _requests(*arguments):
    return [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "requests_peer.py"), *arguments]


def _rclone_put(place, _):
    return ["rclone", "copyto", "--s3-no-check-bucket", f"--s3-chunk-size={CHUNK}B", f"--s3-upload-cutoff={CHUNK}B",
            "--s3-upload-concurrency=4", place.source, f"bench:bucket/{place.name}"]


def _rclone_get(place, _):
    if place.server == "discarding":
        return ["rclone", "copyto", f"bench:blob/{place.size}", place.out]
    return ["rclone", "copyto", f"--http-url={place.base}/blob/", f":http:{place.size}", place.out]


def _client(how, *arguments):
    def command(place, programs):
        given = {"put": [place.source, place.url], "parts": [place.source, place.part_prefix, "--chunk", str(CHUNK)],
                 "get": [place.blob, place.out]}[how]
        admitted = ["--admitted", place.admitted] if how != "get" and "--admit" not in arguments else []
        return [programs.client, how, *given, *admitted, *arguments, *_trust("--ca", place)]
    return command


def _unhashed(place, programs):
    unhashed = dataclasses.replace(place, admitted=place.admitted_unhashed)
    return [programs.client_unhashed, *_client("parts")(unhashed, programs)[1:]]


def admission(program, place, to):
    """The command that takes the artifact in, once for all uploads of it."""
    return [program, "admit", place.source, to]


PUT = {
    "curl": Contestant("curl -T", "curl", lambda place, _: _curl(place, "-T", place.source, "-o", "/dev/null", place.url)),
    "requests": Contestant("requests, data=open()", "curl", lambda place, _: _requests("put", place.source, place.url)),
    "rclone": Contestant("rclone, 4 × 10 MiB", "curl", _rclone_put, servers=("discarding",)),
    "put": Contestant("tegodrop, single PUT", "curl", _client("put"), program="client"),
    "parts": Contestant("tegodrop, parts", "curl", _client("parts"), True, "client"),
    "admit_parts": Contestant("tegodrop, SHA-256, parts", "curl", _client("parts", "--admit"), True, "client"),
    "parts_unhashed": Contestant("tegodrop, parts, no hash", "curl", _unhashed, True, "client_unhashed"),
}
GET = {
    "curl": Contestant("curl -o", "curl", lambda place, _: _curl(place, "-o", place.out, place.blob)),
    "requests_content": Contestant("requests, r.content", "curl", lambda place, _: _requests("content", place.blob, place.out)),
    "requests_stream": Contestant("requests, streaming", "curl", lambda place, _: _requests("stream", place.blob, place.out)),
    "rclone": Contestant("rclone copyto", "curl", _rclone_get),
    "get": Contestant("tegodrop, hashed, checked", "curl", _client("get"), program="client"),
}
# Of downloads in the rows that measure memory, beside the names of uploads.
_GET_NAMES = {"curl": "curl_get", "rclone": "rclone_get"}


def of_row(direction, server, programs):
    """{name: contestant} of one row."""
    everyone = {"put": PUT, "get": GET, "memory": _all()}[direction]
    return {name: one for name, one in everyone.items()
            if server in one.servers and (not one.program or getattr(programs, one.program))}


def _all():
    gets = {_GET_NAMES.get(name, name): one for name, one in GET.items()}
    return {**PUT, **{name: Contestant(one.label, _GET_NAMES.get(one.peer, one.peer), one.command, one.in_parts, one.program)
                      for name, one in gets.items()}}


def is_download(name):
    return name in GET and name not in PUT or name in _GET_NAMES.values()


def environment(home, base, ca):
    """What every contestant runs with, and nothing else: a proxy or a trust store of somebody's would be measured too."""
    out = {"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8",
           "RCLONE_CONFIG": os.path.join(home, "rclone.conf"), "RCLONE_CONFIG_BENCH_TYPE": "s3",
           "RCLONE_CONFIG_BENCH_PROVIDER": "Other", "RCLONE_CONFIG_BENCH_ENDPOINT": base,
           "RCLONE_CONFIG_BENCH_ACCESS_KEY_ID": "bench", "RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY": "bench"}
    if ca:
        out |= {"RCLONE_CA_CERT": ca, "REQUESTS_CA_BUNDLE": ca}
    return out
