"""Waiting for a condition, never for a time."""

import os
import threading
import time

_never = threading.Event()
# Sanitizers slow everything down; their runs ask for longer deadlines.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))


class Late(AssertionError):
    """A condition was not met before its deadline."""


def until(condition, what, seconds=30, every=0.02):
    """The first true value of `condition()`; Late when there is none within `seconds`.

    `condition` may raise LookupError, OSError or ValueError for "not yet".
    """
    deadline = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (LookupError, OSError, ValueError) as error:
            last = repr(error)
        if time.monotonic() > deadline:
            raise Late(f"after {seconds * PATIENCE:g} s not yet: {what} (last seen: {last})")
        _never.wait(every)
