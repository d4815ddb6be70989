"""When two answers to a PromQL query are the same answer.

To the bit, but for what Prometheus leaves open:
* the order of an instant vector's series, unless sorting is outermost: Prometheus takes it from hash maps. Of sort() and
  sort_desc(), which of equal values comes first: its sort is not stable. Of sort_by_label(), the order where a series lacks one of
  the labels, or two are numbers with and without zeros in front: its comparison calls each of "" and "x", of "0.5" and "0.005", the
  greater one.
* the order of warnings and infos, and of more than ten, which ten are shown.
* bucket counts that are NaN, the product of an empty bucket and an infinity: which empty buckets a histogram has is a matter of how
  its neighbours are stored.
* what depends on the order of series inside a range query: operators between vectors give their series on in the order of a hash
  map, so that sums of doubles differ in the last bits, limitk and ties of topk choose this or that series, and of several errors
  this or that one is told, from one time to the next. The test therefore asks Prometheus again; only if it contradicts itself is
  the comparison a looser one.
* which two of the duplicates of a match group an error names: the first ones in the order of a hash map, which can come out the
  same way each time that Prometheus is asked.
* the last bits of powers, exponentials, logarithms and trigonometry: Prometheus has its own on each kind of processor, Nightlight
  has the C library's.
"""

import json
import math
import re

_SORTING = re.compile(r"\(*(sort|sort_desc|sort_by_label|sort_by_label_desc)\s*\(")
_OF_MATHEMATICS = re.compile(r"\^|\batan2\b|\b(a?(sin|cos|tan)h?|exp|ln|log2|log10)\s*\(")
_ZERO_FIRST = re.compile(r"(?<!\d)0\d")
_NUMBER = re.compile(r"\d+\.\d+(e[+-]\d+)?")
_DUPLICATES = re.compile(r"(found duplicate series for the match group .*? on the (?:left|right) hand-side of the operation: )\[.*\](;.*)")
_TEXTS_AT_END = re.compile(r"((?:,\s*\"(?:[^\"\\]|\\.)*\"\s*)+)\)+\s*$")


def _without_nan_buckets(value):
    """A histogram without the buckets that are not a number."""
    if isinstance(value, dict) and "buckets" in value:
        value = dict(value, buckets=[bucket for bucket in value["buckets"] if bucket[3] != "NaN"])
        if not value["buckets"]:
            del value["buckets"]
    return value


_HISTOGRAM_TEXT = re.compile(r"\{count:.*\}")
_NAN_BUCKET = re.compile(r", [\[(][^\])]*[\])]:NaN")


def _by_labels(sample):
    return sorted(sample["metric"].items())


def _order_vector(result, query):
    """Brings the series of an instant vector into an order that does not depend on what is open."""
    sorting = _SORTING.match(query)
    if not sorting:
        result.sort(key=_by_labels)
    elif sorting[1] in ("sort", "sort_desc"):
        # Equal values stand together, and only among themselves are they ordered.
        start = 0
        for i in range(1, len(result) + 1):
            if i == len(result) or result[i]["value"][1] != result[start]["value"][1]:
                result[start:i] = sorted(result[start:i], key=_by_labels)
                start = i
    else:
        texts = _TEXTS_AT_END.search(query)
        labels = re.findall(r"\"((?:[^\"\\]|\\.)*)\"", texts[1]) if texts else []
        values = [sample["metric"].get(label, "") for sample in result for label in labels]
        if any(not value or _ZERO_FIRST.search(value) for value in values):
            result.sort(key=_by_labels)


def essence(status, body, query):
    """What of an answer is compared: the status and the decoded JSON, or the text of what is no JSON."""
    try:
        answer = json.loads(body)
    except ValueError:
        return status, body.decode(errors="replace")
    for key in ("warnings", "infos"):
        notes = answer.get(key)
        if notes and len(notes) > 10:
            answer[key] = ["10 lines", notes[-1]]
        elif notes:
            notes.sort()
    data = answer.get("data")
    if isinstance(data, dict) and data.get("resultType") in ("vector", "matrix"):
        for series in data["result"]:
            for name, value in series["metric"].items():  # What count_values makes of histograms.
                if _HISTOGRAM_TEXT.fullmatch(value):
                    series["metric"][name] = _NAN_BUCKET.sub("", value)
            if "histogram" in series:
                series["histogram"][1] = _without_nan_buckets(series["histogram"][1])
            for point in series.get("histograms", ()):
                point[1] = _without_nan_buckets(point[1])
        if data["resultType"] == "vector":
            _order_vector(data["result"], query)
    return status, answer


def _rounded_notes(answer):
    return {key: [_NUMBER.sub(lambda number: f"{float(number[0]):.9g}", note) for note in answer[key]]
            for key in ("warnings", "infos") if key in answer}


def _rounded(labels):
    """Labels in which count_values may have written a number."""
    out = []
    for name, value in labels:
        try:
            value = f"{float(value):.9g}"
        except ValueError:
            pass
        out.append((name, value))
    return tuple(out)


def _samples(answer, labels_of=tuple):
    """{(labels, time): value} of an answer with series."""
    data = answer.get("data")
    out = {}
    if isinstance(data, dict) and isinstance(data.get("result"), list):
        for series in data["result"]:
            if not isinstance(series, dict):
                continue
            labels = labels_of(_by_labels(series))
            for key in ("value", "histogram"):
                if key in series:
                    out[labels, series[key][0]] = series[key][1]
            for point in series.get("values", []) + series.get("histograms", []):
                out[labels, point[0]] = point[1]
    return out


def _near(a, b):
    """Doubles that added up in another order."""
    if isinstance(a, str) and isinstance(b, str):
        x, y = float(a), float(b)
        return a == b or math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_near(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_near, a, b))
    return a == b


def same_but_for_order(ours, theirs, query):
    """Whether both are errors that name duplicates of one match group, if not the same ones."""
    if not all(status == 422 and answer.get("errorType") == "execution" for status, answer in (ours, theirs)):
        return False
    mine, other = (_DUPLICATES.fullmatch(answer["error"]) for _, answer in (ours, theirs))
    return bool(mine and other and mine.groups() == other.groups())


def same_but_for_mathematics(ours, theirs, query):
    """Whether two answers to a query that uses the mathematics library differ in the last bits of numbers only."""
    if not _OF_MATHEMATICS.search(query) or ours[0] != theirs[0] or not isinstance(ours[1], dict) or not isinstance(theirs[1], dict):
        return False
    parts = []
    labels_of = _rounded if "count_values" in query else tuple
    for answer in (ours[1], theirs[1]):
        data = answer.get("data")
        data = data if isinstance(data, dict) else {}
        rest = {key: value for key, value in answer.items() if key != "data"} | _rounded_notes(answer)
        scalar = data.get("result") if data.get("resultType") == "scalar" else None
        parts.append((rest, data.get("resultType"), _samples(answer, labels_of), scalar))
    (rest, kind, samples, scalar), (their_rest, their_kind, their_samples, their_scalar) = parts
    if (rest, kind, samples.keys()) != (their_rest, their_kind, their_samples.keys()):
        return False
    if scalar is not None:
        return _near(scalar[1], their_scalar[1])
    # The remainder of numbers that differ in the last bit can be any.
    return "%" in query or all(_near(value, their_samples[key]) or _near_least_logarithm(value, their_samples[key])
                               for key, value in samples.items())


def _near_least_logarithm(a, b):
    """ln() of subnormal numbers, which Prometheus takes for normal ones on amd64."""
    return isinstance(a, str) and isinstance(b, str) and max(float(a), float(b)) < -708 and min(float(a), float(b)) > -745


def _per_time(samples):
    counts = {}
    for _, time in samples:
        counts[time] = counts.get(time, 0) + 1
    return counts


def loosely_same(ours, several):
    """Whether an answer could be one more of `several` different answers of Prometheus to one query."""
    status, answer = ours
    for their_status, theirs in several:
        if status != their_status or answer.get("errorType") != theirs.get("errorType"):
            continue
        mine, other = _samples(answer), _samples(theirs)
        if mine.keys() == other.keys():
            if all(_near(value, other[key]) for key, value in mine.items()):
                return True
        elif _per_time(mine) == _per_time(other):
            return True
    return False
