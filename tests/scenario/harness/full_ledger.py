"""A ledger with as many jobs as a long night leaves: rows of a real one, over and over, under other ids and times."""

import os
import sqlite3

MINUTE = 60_000
_TIMES = ("created", "changed", "detected_at", "claimed_at", "submitted_at", "completed_at", "delivered_at")


class _Shift:
    """Back in time, and what comes after the build a little less so."""

    def __init__(self, built, back, longer):
        self._built, self._back, self._longer = built, back, longer

    def __call__(self, at):
        return at - self._back + (self._longer if at >= self._built else 0)


def multiply(state_dir, count, build_ms=4 * MINUTE, hours=8):
    """Of the last delivered job `count` more, dropped one after the other over the last `hours`, each built in about
    `build_ms`. No daemon may run."""
    ledger = sqlite3.connect(os.path.join(state_dir, "ledger.sqlite"))
    ledger.row_factory = sqlite3.Row
    with ledger:
        model = dict(ledger.execute("SELECT * FROM jobs WHERE state = 'delivered' AND finished = 1 ORDER BY seq DESC").fetchone())
        lines = [tuple(row) for row in
                 ledger.execute("SELECT at, state, note FROM timeline WHERE job = ? ORDER BY seq", (model["id"],))]
        del model["seq"]
        first, built = lines[0][0], [at for at, state, _ in lines if state == "built"][0]
        columns = ", ".join(model)
        marks = ", ".join("?" * len(model))
        for number in range(count):
            back = hours * 60 * MINUTE * (count - number) // count
            longer = build_ms * (50 + number * 37 % 100) // 100
            shift = _Shift(built, back, longer)
            job = {**model, "id": f"copy{number:08}", "file_name": f"app-{number:05}.apk", "start_time": model["start_time"] + number + 1,
                   "protected_name": f"app-{number:05}-protected.apk"}
            job.update({name: shift(model[name]) for name in _TIMES})
            ledger.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", tuple(job.values()))
            ledger.executemany("INSERT INTO timeline (job, at, state, note) VALUES (?, ?, ?, ?)",
                               [(job["id"], shift(at), state, note) for at, state, note in lines])
    ledger.close()
