"""Whether an envelope is one by the article's schema (order_created.schema.json)."""

import copy
import datetime
import json
import pathlib
import re

import jsonschema

ORDER_CREATED = json.loads(pathlib.Path(__file__).with_name("order_created.schema.json").read_text())
FORMATS = jsonschema.FormatChecker()  # knows uuid, but date-time only by a package that Debian lacks
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value):
    if isinstance(value, str):
        if not DATE_TIME.fullmatch(value):
            return False
        datetime.datetime.fromisoformat(value[:19])
    return True


def schema_of(event_type):
    """The article shows that of OrderCreated; the envelope of others is the same, their data is their own."""
    schema = copy.deepcopy(ORDER_CREATED)
    if event_type != "OrderCreated":
        schema["properties"]["eventType"]["const"] = event_type
        schema["properties"]["data"] = {"type": "object"}
    return schema


def faults(value, event_type):
    validator = jsonschema.Draft7Validator(schema_of(event_type), format_checker=FORMATS)
    return [f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in validator.iter_errors(json.loads(value))]
