"""The trace's published schema, as whoever reads traces would use it."""

import functools
import json

import jsonschema

PATH = "daemon/delivery/trace.schema.json"


@functools.cache
def validator():
    with open(PATH, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults_of(record):
    """What the schema has against a trace or a .failed.json, a line each."""
    return [f"{one.json_path}: {one.message}" for one in validator().iter_errors(record)]
