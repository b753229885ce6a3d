"""Prometheus' text format, read strictly: whatever a scrape, or 'promtool check metrics', would object to is a ValueError."""

import re

_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)\Z')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\Z)')
_UNESCAPED = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}
# What a unit is called when it is not the base one.
_NO_BASE_UNITS = ("milliseconds", "minutes", "hours", "days", "kilobytes", "megabytes", "ms")


def read_metrics(text):
    """{(name, frozenset of (label, value)): number} and {name: type}."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    samples, types, helps, open_name = {}, {}, {}, None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        try:
            if line.startswith("# HELP "):
                open_name, _, text_of = line[7:].partition(" ")
                _begin(open_name, text_of, helps)
            elif line.startswith("# TYPE "):
                name, _, kind = line[7:].partition(" ")
                _type(name, kind, open_name, types, samples)
            else:
                name, labels, value = _sample(line)
                if name != open_name or name not in types:
                    raise ValueError(f"{name} does not follow its own HELP and TYPE")
                key = (name, frozenset(labels.items()))
                if key in samples:
                    raise ValueError("the same sample twice")
                if types[name] == "counter" and value < 0:
                    raise ValueError("a counter below 0")
                samples[key] = value
        except ValueError as error:
            raise ValueError(f"line {number}: {error}: {line!r}") from error
    if set(helps) != set(types):
        raise ValueError(f"HELP or TYPE is missing: {set(helps) ^ set(types)}")
    return samples, types


def _begin(name, text, helps):
    if name in helps:
        raise ValueError("its samples are not together")
    if not _NAME.match(name) or not text.strip():
        raise ValueError("no name, or no help")
    helps[name] = text


def _type(name, kind, open_name, types, samples):
    if name != open_name or name in types or any(key[0] == name for key in samples):
        raise ValueError("TYPE stands once, behind its HELP and before the samples")
    if kind not in ("counter", "gauge"):
        raise ValueError("an unknown type")
    if (kind == "counter") != name.endswith("_total"):
        raise ValueError("counters, and they alone, end in _total")
    if name.endswith(("_count", "_sum", "_bucket")) or any(name.removesuffix("_total").endswith("_" + one) for one in _NO_BASE_UNITS):
        raise ValueError("a name that promtool objects to")
    types[name] = kind


def _sample(line):
    found = _SAMPLE.match(line)
    if not found:
        raise ValueError("no sample")
    labels, rest = {}, found[2] or ""
    if found[2] == "":
        raise ValueError("empty braces")
    while rest:
        label = _LABEL.match(rest)
        if not label or label[1] in labels or label[1].startswith("__"):
            raise ValueError("a bad label")
        labels[label[1]] = re.sub(r"\\.", lambda one: _UNESCAPED[one[0]], label[2])
        rest = rest[label.end():]
        if label[3] == "," and not rest:
            raise ValueError("a comma at the end")
    return found[1], labels, float(found[3])
