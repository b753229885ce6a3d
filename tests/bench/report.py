"""The results as a JSON document and as tables of text. Pure."""

from tests.bench import goals, stats
from tests.bench.scale.curves import shown

VERSION = 2


def document(machine, settings, rows, absolute=()):
    """`rows` as measured, and `absolute`, those of tegodrop alone (see goals.py); what follows from them is added."""
    return {"version": VERSION, "machine": machine, "settings": settings, "rows": [_with_figures(row) for row in rows],
            "absolute": list(absolute), "goals": goals.judge(rows) + goals.judge_absolute(absolute)}


def _with_figures(row):
    contestants = {}
    for name, one in row["contestants"].items():
        peer = row["contestants"].get(one["peer"])
        ratios = {} if peer is None else {measure: stats.ratio(measure, one["runs"], peer["runs"]) for measure in stats.MEASURES}
        contestants[name] = {**one, "figures": stats.figures(one["runs"], row["size"]), "ratios": ratios}
    return {**row, "contestants": contestants}


def tables(results):
    blocks = []
    if results["rows"]:
        blocks.append(["row | contestant | MB/s | × the peer's speed (slowest–fastest round) | CPU s/GB | × the peer's | peak MB | "
                       "× the peer's"])
        for row in results["rows"]:
            blocks[-1] += [" | ".join((row["name"], one["label"], *_cells(one))) for one in row["contestants"].values()]
    for row in results["absolute"]:
        blocks.append([f"{row['name']}: {row['title']}; {row['of']}; load {row['load']:.1f} as it began"])
        blocks[-1] += [f"{row['name']} | {name} | {shown(one['kind'], one['value'])}" for name, one in row["measures"].items()]
    if results["goals"]:
        blocks.append(["goal | row | wanted | found (min–max) | "])
        blocks[-1] += [_goal_line(one) for one in results["goals"]]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _cells(one):
    figures, ratios = one["figures"], one["ratios"]
    times = {measure: f"{ratios[measure]['median']:.2f}" if ratios else "–" for measure in stats.MEASURES}
    spread = f"{times['speed']} ({ratios['speed']['min']:.2f}–{ratios['speed']['max']:.2f})" if ratios else "–"
    return (f"{figures['megabytes_per_second']:.0f}", spread, f"{figures['cpu_seconds_per_gigabyte']:.2f}", times["cpu"],
            f"{figures['peak_megabytes']:.1f}", times["rss"])


def _goal_line(one):
    sign = "≥" if one["sense"] == goals.AT_LEAST else "≤"
    if "found" in one:
        bound, found = wanted_and_found(one)
    else:
        ratio = one["ratio"]
        bound, found = f"{one['bound']:.2f}", f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"
    return f"{one['goal']} | {one['row']} | {sign} {bound} | {found} | {'reached' if one['reached'] else 'missed'}"


def wanted_and_found(one):
    """Of the judgement of an absolute goal, as texts."""
    return tuple(_short(one["kind"], one[what]) for what in ("bound", "found"))


def _short(kind, value):
    """As precise as a comparison with a goal needs it."""
    if kind == "B":
        return f"{value / (1 << 20):.0f} MiB"
    if kind:
        return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.2f} s"
    return f"{value:.3g}" if value < 1 else f"{value:g}"


def about(results):
    """A few lines on where and how it was measured."""
    machine, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join((
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB, Linux {machine['kernel']}; "
        f"load {machine['load_at_start']:.1f} at the start",
        versions,
        f"{settings['rounds']} rounds in turn; files in {settings['files']}; a run is a whole process, its start included",
    )) + "\n"
