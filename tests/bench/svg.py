"""The results as one picture: for each row of the bench a group of bars, speed against the peer's; what is not compared with a peer, as
numbers. Pure; no library, no font of its own."""

from xml.sax.saxutils import escape

from tests.bench.report import wanted_and_found

WIDTH = 800
LABEL, BARS, END = 214, 224, 500  # where labels end, where bars begin and end
COLUMNS = ((580, "× speed"), (636, "MB/s"), (704, "CPU s/GB"), (780, "peak MB"))
GOAL_COLUMNS = ((600, "goal"), (700, "found"), (780, ""))
BAR, STEP, GAP = 12, 18, 40
TOP, BOTTOM = 100, 34
MOST = 1.5  # how many times the peer's speed a bar can show
OURS, OURS_UNHASHED, PEER, OTHER, INK, FAINT = "#0b6e4f", "#7bb8a0", "#5f6b76", "#b4bcc4", "#1c2126", "#68737d"
MISSED = "#b3261e"


def draw(results):
    rows = [row for row in results["rows"] if row["direction"] != "memory"]
    peaks = [row for row in results["rows"] if row["direction"] == "memory"]
    absolute = [one for one in results["goals"] if "found" in one]
    body, y = [], TOP if rows else 16
    if rows:
        body += _head(results)
    for row in rows:
        y = _group(body, row, y)
    if peaks:
        y = _peaks(body, peaks, y)
    if absolute:
        y = _absolute(body, absolute, y)
    height = y + BOTTOM - GAP // 2
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, -apple-system, \'Segoe UI\', \'DejaVu Sans\', sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *body, *_foot(results, height), "</svg>", ""))


def _at(ratio):
    return BARS + (END - BARS) * min(ratio, MOST) / MOST


def _text(x, y, text, fill=INK, anchor="start", more=""):
    return f'<text x="{x:g}" y="{y:g}" fill="{fill}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _line(x1, y1, x2, y2, colour, more=""):
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}"{more}/>'


def _head(results):
    yield _text(16, 28, "Speed against curl on the same server in the same round", more=' font-size="17" font-weight="600"')
    yield _text(16, 48, f"Bars: median of {results['settings']['rounds']} rounds in turn, curl = 1; thin lines: slowest and fastest round",
                FAINT)
    for x, name in COLUMNS:
        yield _text(x, 76, name, FAINT, "end", ' font-size="11"')
    for tick in (0, 0.5, 1, 1.5):
        yield _text(_at(tick), 76, f"{tick:g}", FAINT, "middle", ' font-size="11"')


def _foot(results, height):
    machine = results["machine"]
    yield _text(16, height - 12, f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; loopback, files in "
                f"{results['settings']['files']}", FAINT, more=' font-size="11"')


def _group(body, row, y):
    contestants = row["contestants"]
    body.append(_text(16, y + 10, row["title"], more=' font-weight="600"'))
    top = y + 20
    bottom = top + STEP * len(contestants)
    for tick in (0, 0.5, 1.5):
        body.append(_line(_at(tick), top, _at(tick), bottom, "#e6e9ec"))
    for number, (name, one) in enumerate(contestants.items()):
        _bar(body, one, _colour(name, one), top + STEP * number)
    body.append(_line(_at(1), top - 3, _at(1), bottom + 1, INK, ' stroke-dasharray="3 2"'))
    return bottom + GAP // 2


def _colour(name, one):
    if one["ours"]:
        # No product: what the hashing costs.
        return OURS_UNHASHED if name.endswith("unhashed") else OURS
    return PEER if one["is_peer"] else OTHER


def _bar(body, one, colour, y):
    middle = y + STEP / 2
    ours = ' font-weight="600"' if one["ours"] else ""
    body.append(_text(LABEL, middle + 4, one["label"], INK if one["ours"] else "#3d464e", "end", ours))
    ratio = one["ratios"].get("speed")
    if ratio is not None:
        body.append(f'<rect class="bar" x="{BARS}" y="{middle - BAR / 2:g}" width="{max(1, _at(ratio["median"]) - BARS):.1f}" '
                    f'height="{BAR}" rx="2" fill="{colour}"/>')
        if not one["is_peer"]:
            body.append(_line(_at(ratio["min"]), middle, _at(ratio["max"]), middle, INK))
    _numbers(body, one, middle + 4, f"{ratio['median']:.2f}" if ratio else "–")


def _numbers(body, one, y, first):
    figures = one["figures"]
    texts = (first, f"{figures['megabytes_per_second']:.0f}", f"{figures['cpu_seconds_per_gigabyte']:.2f}",
             f"{figures['peak_megabytes']:.0f}")
    for (x, _), text in zip(COLUMNS, texts):
        body.append(_text(x, y, text, INK, "end", ' font-weight="600"' if one["ours"] and x == COLUMNS[0][0] else ""))


def _peaks(body, rows, y):
    """Peak memory as numbers: one line for each contestant, one column for each size."""
    rows = sorted(rows, key=lambda row: row["size"])
    body.append(_text(16, y + 10, "Peak memory, MB", more=' font-weight="600"'))
    xs = [BARS + 76 + 110 * number for number in range(len(rows))]
    for x, row in zip(xs, rows):
        body.append(_text(x, y + 10, f"{row['size'] / 1e6:,.0f} MB file".replace(",", " "), FAINT, "end", ' font-size="11"'))
    top = y + 20
    names = {name: one for row in rows for name, one in row["contestants"].items()}
    for number, (name, one) in enumerate(names.items()):
        middle = top + STEP * number + STEP / 2 + 4
        ours = ' font-weight="600"' if one["ours"] else ""
        body.append(_text(LABEL, middle, one["label"], INK if one["ours"] else "#3d464e", "end", ours))
        for x, row in zip(xs, rows):
            there = row["contestants"].get(name)
            body.append(_text(x, middle, f"{there['figures']['peak_megabytes']:.1f}" if there else "–", INK, "end", ours))
    return top + STEP * len(names) + GAP // 2


def _absolute(body, goals, y):
    """Figures of tegodrop alone: one line for each goal."""
    body.append(_text(16, y + 10, "tegodrop by itself", more=' font-weight="600"'))
    for x, name in GOAL_COLUMNS:
        body.append(_text(x, y + 10, name, FAINT, "end", ' font-size="11"'))
    top = y + 20
    for number, one in enumerate(goals):
        middle = top + STEP * number + STEP / 2 + 4
        bound, found = wanted_and_found(one)
        body.append(_text(16, middle, one["goal"]))
        colour, word = (OURS, "reached") if one["reached"] else (MISSED, "missed")
        for (x, _), text, ink in zip(GOAL_COLUMNS, (f"≤ {bound}", found, word), (FAINT, INK, colour)):
            body.append(_text(x, middle, text, ink, "end", "" if ink == FAINT else ' font-weight="600"'))
    return top + STEP * len(goals) + GAP // 2
