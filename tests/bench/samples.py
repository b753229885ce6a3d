"""Rows as a run of the bench would measure them, for tests."""


def run(wall=1.0, cpu=0.5, rss=10000):
    return {"wall": wall, "user": cpu, "system": 0.0, "rss_kib": rss}


def contestant(label, runs, peer="curl", ours=False, is_peer=False):
    return {"label": label, "ours": ours, "is_peer": is_peer, "peer": peer, "runs": runs}


def row(contestants, direction="put", server="discarding", transport="plain", size=500_000_000, name=None):
    name = name or f"{direction}-{server}-{transport}"
    return {"name": name, "title": f"A row: {name}", "direction": direction, "server": server, "transport": transport, "size": size,
            "contestants": contestants}


def upload(**about):
    """curl, and tegodrop's parts at 0.8, 1.0 and 0.5 of its speed, in rounds on a machine that gets slower."""
    return row({"curl": contestant("curl -T", [run(1), run(2), run(4)], is_peer=True),
                "parts": contestant("tegodrop <parts> & more", [run(1.25), run(2), run(8)], ours=True)}, **about)


def memory(size, peak):
    return row({"curl": contestant("curl -T", [run(rss=10000)], is_peer=True),
                "parts": contestant("tegodrop, parts", [run(rss=peak)], ours=True)}, direction="memory", size=size,
               name=f"memory-{size // 10**6}MB")


def absolute(name, **measures):
    """`measures`: name=(kind, value)."""
    return {"name": name, "title": f"A row: {name}", "of": f"so much for {name}", "load": 0.5,
            "measures": {one: {"kind": kind, "value": value} for one, (kind, value) in measures.items()}}


def all_absolute():
    """A row of each kind; every goal but that of the RSS is reached."""
    callbacks = {"callback p50": ("s", 0.00002), "callback p99": ("s", 0.0004), "callback max": ("s", 0.021)}
    return [
        absolute("rename-small", p50=("s", 0.03), p99=("s", 0.15), max=("s", 0.2)),
        absolute("rename-large", p99=("s", 0.4), **{"p99 beyond one read": ("s", 0.05)}),
        absolute("loop-plain", **callbacks), absolute("loop-tls", **callbacks),
        absolute("polling", **{"delay of busy nights": ("", 0.45), "requests of busy nights": ("", 0.4)}),
        absolute("scale-awaited", pages=("", 200), RSS=("B", 61 << 20),
                 **{"requests of a poll": ("", 200), "CPU of a poll": ("cpu", 0.03)}),
        absolute("scale-finished", status=("s", 0.02), **{"start to READY": ("s", 0.1), "status --json": ("s", 0.03)})]


MACHINE = {"cpu": "A processor", "cores": 2, "memory_gib": 8.0, "kernel": "6.1.0", "load_at_start": 0.0,
           "versions": {"curl": "1", "rclone": "2", "requests": "3", "nginx": "4", "OpenSSL": "5"}}
SETTINGS = {"rounds": 3, "quick": False, "sizes": [500_000_000], "files": "/dev/shm (tmpfs)", "chunk": 10 << 20}
