"""What schemathesis loads before it runs: expressions that mean something, times at which there is data, and a note of every answer.

Environment: NIGHTLIGHT_ANSWERS, a file that gets a line "METHOD path status series" per answer.
"""

import os
import random
import re
import sys

import schemathesis
from hypothesis import strategies

sys.path.insert(0, os.path.dirname(__file__))
from differential_series import END_MS, START_MS  # noqa: E402
from query_generator import question  # noqa: E402

SEED = 20261126
SELECTORS = ("up", "requests_total", '{job="api"}', '{__name__=~".+_total", code!="200"}', "{}", "{", "size")

schemathesis.openapi.format("promql", strategies.integers(0, 100_000).map(lambda number: str(question(SEED, number)[0])))
schemathesis.openapi.format("promql-selector", strategies.sampled_from(SELECTORS))


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _is_time(text):
    number = _number(text)
    return abs(number) < 1e300 if number is not None else re.match(r"\d{4}-\d\d-\d\dT", text)


def _fit(path, parameters):
    """Moves times to where the data is, in order, steps to where they are not too many, and timeouts to where they do not pass."""
    if path == "/query":
        parameters.setdefault("time", 0)
    names = [name for name in ("time", "start", "end") if name in parameters]
    texts = [str(parameters[name]) for name in names]
    if all(_is_time(text) for text in texts):
        times = sorted(random.Random(text).randrange(START_MS, END_MS) / 1000 for text in texts)
        parameters.update(zip(names, times))
    if (_number(parameters.get("step")) or 1) < 1:
        parameters["step"] = 60
    timeout = str(parameters.get("timeout", ""))
    if (_number(timeout) or 1) < 1 or re.fullmatch("0*[0-9]{1,4}ms", timeout):
        parameters["timeout"] = "1m"


@schemathesis.hook
def before_call(context, case, kwargs):
    for parameters in (case.query, case.body):
        if isinstance(parameters, dict) and parameters:
            _fit(case.path, parameters)


@schemathesis.hook
def after_call(context, case, response):
    series = response.content.count(b'"metric":')
    with open(os.environ["NIGHTLIGHT_ANSWERS"], "a", encoding="utf-8") as file:
        file.write(f"{case.method} {case.path} {response.status_code} {series}\n")
