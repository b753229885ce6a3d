"""The results as a JSON document and as tables of text. Pure."""

from tests.bench import goals, stats

VERSION = 1


def document(machine, settings, rows):
    """`rows` as measured (see goals.py); what follows from them is added."""
    return {"version": VERSION, "machine": machine, "settings": settings, "rows": [_with_figures(row) for row in rows],
            "goals": goals.judge(rows)}


def _with_figures(row):
    contestants = {}
    for name, one in row["contestants"].items():
        peer = row["contestants"].get(one["peer"])
        ratios = {} if peer is None else {measure: stats.ratio(measure, one["runs"], peer["runs"]) for measure in stats.MEASURES}
        contestants[name] = {**one, "figures": stats.figures(one["runs"], row["size"]), "ratios": ratios}
    return {**row, "contestants": contestants}


def tables(results):
    lines = ["row | contestant | MB/s | × the peer's speed (slowest–fastest round) | CPU s/GB | × the peer's | peak MB | "
             "× the peer's"]
    for row in results["rows"]:
        for one in row["contestants"].values():
            lines.append(" | ".join((row["name"], one["label"], *_cells(one))))
    if results["goals"]:
        lines += ["", "goal | row | wanted | reached (min–max) | "]
        lines += [_goal_line(one) for one in results["goals"]]
    return "\n".join(lines) + "\n"


def _cells(one):
    figures, ratios = one["figures"], one["ratios"]
    times = {measure: f"{ratios[measure]['median']:.2f}" if ratios else "–" for measure in stats.MEASURES}
    spread = f"{times['speed']} ({ratios['speed']['min']:.2f}–{ratios['speed']['max']:.2f})" if ratios else "–"
    return (f"{figures['megabytes_per_second']:.0f}", spread, f"{figures['cpu_seconds_per_gigabyte']:.2f}", times["cpu"],
            f"{figures['peak_megabytes']:.1f}", times["rss"])


def _goal_line(one):
    ratio = one["ratio"]
    sign = "≥" if one["sense"] == goals.AT_LEAST else "≤"
    return (f"{one['goal']} | {one['row']} | {sign} {one['bound']:.2f} | {ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f}) | "
            f"{'reached' if one['reached'] else 'missed'}")


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
