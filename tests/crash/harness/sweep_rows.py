"""The rows of the fault sweep: each fault at each place that it can strike, at each state of the main job.

A row is (fault, state, orders, more): the orders go to the simulator before the artifact is dropped. `more` may say
  switches   of the simulator
  expect     the outcome; "delivered" unless told otherwise
  quick      it is part of the cross-section that every run of the tests plays
  kill       the daemon dies at such a call first
  then       orders that follow, for the next such requests
  gets       what the output must have been asked for: (the answer's status, the first byte), each time
"""

CHUNK = 256 << 10
SINGLE = 200_000
PARTS = 4 * CHUNK - 1000
LAST_PART = CHUNK - 1000
FOREVER = 1_000_000
# Renames by which a delivery comes to stand.
NAMES = 7

XML_ERROR = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
JSON_ERROR = '{"error": "something went wrong"}'
EXPIRED = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"

# State by state: the request that the daemon is at then, how many of them pass before, and what must have happened first.
UNKNOWN = {"where": "put", "action": {"lost_answer": True}}
REFUSED_PART = {"where": "part", "action": {"status": 403}, "skip": 1}
STATES = {
    "requested": {"where": "upload_request"},
    "requested, in parts": {"where": "upload_request", "parts": True},
    "single PUT": {"where": "put"},
    "parts": {"where": "part", "parts": True},
    "completing": {"where": "complete", "parts": True},
    "confirming": {"where": "list", "first": UNKNOWN},
    "submitted": {"where": "list"},
    "building": {"where": "list", "skip": 6, "switches": {"build_seconds": 1.0}},
    "download request": {"where": "download_request"},
    "download": {"where": "get"},
    "abort": {"where": "abort", "parts": True, "first": REFUSED_PART},
}
ANSWERS = [name for name in STATES if name not in ("single PUT", "parts", "download")]
SENDS = ("single PUT", "parts")


def _row(fault, state, action, times=1, skip=0, **more):
    about = STATES[state]
    orders = [about["first"]] if "first" in about else []
    orders.append({"where": about["where"], "action": action, "times": times, "skip": skip + about.get("skip", 0)})
    orders += [{"where": about["where"], "action": one} for one in more.pop("then", [])]
    switches = {**about.get("switches", {}), **more.pop("switches", {})}
    return {"fault": fault, "state": state, "orders": orders, "parts": about.get("parts", False), "switches": switches,
            "expect": "delivered", "quick": False, "kill": None, "gets": None, **more}


def _offsets(state):
    """(words, byte, how many such requests pass before)"""
    if state == "single PUT":
        edge = 1 << 16  # of the pieces in which a body leaves
        return [("0", 0, 0), ("1", 1, 0), ("edge-1", edge - 1, 0), ("edge", edge, 0), ("edge+1", edge + 1, 0), ("last", SINGLE, 0)]
    if state == "parts":
        return [("0", 0, 0), ("1", 1, 0), ("edge-1", CHUNK - 1, 0), ("edge", CHUNK, 0), ("edge+1", 1, 1), ("last", LAST_PART - 1, 3)]
    if state == "download":
        edge = 1 << 16
        return [("0", 0, 0), ("1", 1, 0), ("edge-1", edge - 1, 0), ("edge", edge, 0), ("edge+1", edge + 1, 0), ("last", SINGLE - 1, 0)]
    return [("0", 0, 0), ("1", 1, 0), ("20", 20, 0)]


def _cut_rows():
    rows = []
    for state in STATES:
        for words, byte, skip in _offsets(state):
            quick = words in ("edge", "1") and (state in ("single PUT", "parts", "download") or words == "1")
            side = {} if state in ("single PUT", "parts") else {"of": "answer"}
            rows.append(_row(f"reset at byte {words}", state, {"close_after_bytes": byte, "reset": True, **side}, skip=skip,
                             quick=quick and words == "edge"))
            rows.append(_row(f"FIN at byte {words}", state, {"close_after_bytes": byte, **side}, skip=skip,
                             quick=quick and words == "1"))
            rows.append(_row(f"stall at byte {words}", state, {"stall": True, "after_bytes": byte, **side}, skip=skip))
        if state not in SENDS:
            rows.append(_row("reset in its request", state, {"close_after_bytes": 0, "of": "request", "reset": True}))
            rows.append(_row("stall before its answer", state, {"stall": True}))
    return rows


def _answer_rows():
    rows = []
    for state in STATES:
        rows.append(_row("503 with Retry-After", state, {"status": 503, "headers": {"Retry-After": "1"}}, quick=True))
        rows.append(_row("503 SlowDown", state, {"status": 503, "body": XML_ERROR.replace("InternalError", "SlowDown")}))
        rows.append(_row("500", state, {"status": 500, "body": "<html>sorry</html>"}))
        if state != "completing":
            rows.append(_row("500, three times", state, {"status": 500}, times=3))
        rows.append(_row("429", state, {"status": 429, "headers": {"Retry-After": "1"}}))
        rows.append(_row("408", state, {"status": 408}))
        rows.append(_row("no HTTP at all", state, {"garbage": "SSH-2.0-OpenSSH_9.2\r\n"}, quick=state in ANSWERS))
        rows.append(_row("answer lost", state, {"lost_answer": True}, quick=True))
        rows.append(_row("answer lost by a reset", state, {"lost_answer": True, "reset": True}))
        if state == "abort":
            continue
        if state not in SENDS:
            body = XML_ERROR if state in ("completing", "download") else JSON_ERROR
            rows.append(_row("200 with an error body", state, {"status": 200, "body": body}, quick=True))
            rows.append(_row("short body", state, {"short_by": 3}, quick=state == "download"))
            rows.append(_row("over-long body", state, {"longer_by": 3}, quick=state == "download"))
            rows.append(_row("corrupt body", state, {"corrupt_at": 0}, quick=state in ("download", "building")))
    return rows


def _transfer_rows():
    rows = []
    for state in SENDS:
        rows.append(_row("early 403 with close", state, {"status": 403, "early": True}, quick=True))
        rows.append(_row("expired URL in mid-upload", state, {"status": 403, "body": EXPIRED}, skip=int(state == "parts"), quick=True))
        rows.append(_row("read all and close", state, {"close_after_bytes": SINGLE if state == "single PUT" else CHUNK}, quick=True))
        rows.append(_row("slow", state, {"drip": 100_000}))
    rows.append(_row("ignored Expect", "single PUT", {"ignore_expect": True}, quick=True))
    rows.append(_row("read all and close", "completing", {"close_after_bytes": 0, "of": "answer"}, quick=True))
    rows.append(_row("404 on a second Complete", "completing", {"lost_answer": True}, switches={"complete_twice": "not_found"}))
    rows += _resume_rows()
    rows.append(_row("expired URL", "download", {"status": 403, "body": EXPIRED}, quick=True))
    rows.append(_row("corrupt in the middle", "download", {"corrupt_at": SINGLE // 2}))
    for etag in ("odd", "unquoted", "weak", "md5"):
        rows.append(_row(f"{etag} ETag of parts", "parts", {"status": 503}, switches={"part_etag": etag}))
    return rows


def _resume_rows():
    """A download that is cut in the middle goes on by Range where the bytes are surely the same, and else comes whole."""
    middle = SINGLE // 2
    whole, rest, ignored = (200, 0), (206, middle), (200, middle)

    def row(fault, gets, then=(), quick=False, **switches):
        return _row(fault, "download", {"close_after_bytes": middle}, then=list(then), gets=[whole, *gets], quick=quick,
                    switches=switches)

    refused = {"status": 403, "body": EXPIRED}
    return [
        row("cut in the middle", [rest], quick=True),
        row("cut in the middle, and once more", [rest, (206, middle + 50_000)], [{"close_after_bytes": 50_000, "reset": True}]),
        row("cut in the middle, then an expired URL", [(403, middle), rest], [refused], quick=True),
        row("cut in the middle, then 503", [(503, middle), rest], [{"status": 503}]),
        row("weak ETag, cut in the middle", [whole], download_etag="weak"),
        row("no ETag, cut in the middle", [whole], download_etag="none"),
        row("changed ETag, cut in the middle", [ignored], quick=True, download_etag="changes"),
        row("no Range, cut in the middle", [ignored], honour_range=False),
        row("changed ETag in a 206", [rest, whole], [{"etag": '"somebody-elses"'}], quick=True),
        row("no ETag in a 206", [rest], [{"etag": ""}]),
        row("wrong Content-Range: its start", [rest, whole], [{"content_range": f"bytes {middle - 1}-{SINGLE - 1}/{SINGLE}"}], quick=True),
        row("wrong Content-Range: its total", [rest, whole], [{"content_range": f"bytes {middle}-{SINGLE - 1}/{SINGLE + 1}"}]),
        row("wrong Content-Range: none", [rest, whole], [{"content_range": ""}]),
        row("wrong Content-Range: no numbers", [rest, whole], [{"content_range": "bytes */*"}]),
        row("short 206", [rest, whole], [{"short_by": 3}]),
        row("over-long 206", [rest, whole], [{"longer_by": 3}]),
        row("corrupt 206", [rest, whole], [{"corrupt_at": 7}]),
    ]


def _lasting_rows():
    """Troubles that do not pass: the artifact fails with a reason, or, when the history shows nothing of two sends, waits for a person."""
    unknown = {"504 without effect": {"status": 504}, "500": {"status": 500},
               "200 with an error body, xml": {"status": 200, "body": XML_ERROR},
               "200 with an error body, json": {"status": 200, "body": JSON_ERROR}}
    rows = [_row(f"{fault}, twice", "completing", action, times=2, expect="waits(for a person)", quick=fault.startswith("504"))
            for fault, action in unknown.items()]
    return rows + [
        _row("400 for good", "requested", {"status": 400, "body": '{"message": "no"}'}, times=FOREVER,
             expect="failed(portal_refused)", quick=True),
        _row("403 for good", "single PUT", {"status": 403}, times=FOREVER, expect="failed(upload_expired)", quick=True),
        _row("403 for good", "parts", {"status": 403}, times=FOREVER, expect="failed(upload_expired)"),
        _row("400 for good", "completing", {"status": 400, "body": '{"message": "invalid part"}'}, times=FOREVER,
             expect="failed(portal_refused)", quick=True),
        _row("corrupt for good", "download", {"corrupt_at": SINGLE // 2}, times=FOREVER, expect="failed(validation_failed)", quick=True),
        _row("closed before the effect, twice", "single PUT", {"close_after_bytes": SINGLE}, times=2,
             expect="waits(for a person)", quick=True),
        _row("history refused for a while", "confirming", {"status": 503}, times=4),
    ]


def _kill_rows():
    """Publishing is no request: it is cut by a kill at each of its names, before and after."""
    return [{"fault": f"killed {'after' if after else 'before'} name {number} of {NAMES}", "state": "publish", "orders": [],
             "parts": False, "switches": {}, "expect": "delivered", "quick": number > 2, "kill": (number, after), "gets": None}
            for number in range(1, NAMES + 1) for after in (False, True)]


ROWS = _cut_rows() + _answer_rows() + _transfer_rows() + _lasting_rows() + _kill_rows()
