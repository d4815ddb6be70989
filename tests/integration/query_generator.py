"""Random PromQL over the series of differential_series.py: the whole grammar, every function, and now and then a mistake."""

import random
import re

from differential_series import END_MS, INSTANCES, JOBS, START_MS
from query_tree import Tree, optional

# name: argument types, the kind of series that suits the first series argument. V vector, M matrix, S scalar, T text; ? optional.
_FUNCTIONS = {
    **{name: ("V", "gauge") for name in (
        "abs ceil floor exp ln log2 log10 sqrt sgn deg rad sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sort sort_desc "
        "absent scalar").split()},
    **{name: ("V?", "gauge") for name in "days_in_month day_of_month day_of_week day_of_year hour minute month year".split()},
    **{name: ("M", "gauge") for name in (
        "avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time first_over_time present_over_time "
        "absent_over_time stddev_over_time stdvar_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time "
        "ts_of_max_over_time ts_of_min_over_time delta idelta deriv changes resets").split()},
    **{name: ("M", "counter") for name in "rate increase irate resets".split()},
    **{name: ("V", "native") for name in "histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar".split()},
    "timestamp": ("V", "any"), "start_timestamp": ("V", "any"),
    "clamp": ("VSS", "gauge"), "clamp_min": ("VS", "gauge"), "clamp_max": ("VS", "gauge"), "round": ("VS?", "gauge"),
    "predict_linear": ("MS", "gauge"), "integral": ("MS?", "gauge"), "double_exponential_smoothing": ("MSS", "gauge"),
    "quantile_over_time": ("SM", "gauge"), "vector": ("S", "any"),
    "histogram_fraction": ("SSV", "histogram"), "histogram_quantile": ("SV", "histogram"), "histogram_quantiles": ("VLQQ?", "histogram"),
    "label_replace": ("VLRLE", "any"), "label_join": ("VLTLL?", "any"),
    "sort_by_label": ("VLL?", "any"), "sort_by_label_desc": ("VLL?", "any"),
    "info": ("VI?", "any"),
    "time": ("", "any"), "pi": ("", "any"), "start": ("", "any"), "end": ("", "any"), "step": ("", "any"), "range": ("", "any"),
    "max_of": ("SS", "any"), "min_of": ("SS", "any"),
}
SCALAR_FUNCTIONS = ("scalar", "time", "pi", "start", "end", "step", "range", "max_of", "min_of")
FUNCTIONS = tuple(_FUNCTIONS)

_METRICS = {
    "counter": ("requests_total", "pod_seconds_total", "latency_bucket"),
    "gauge": ("temperature", "odd", "level", "constant", "sparse", "up"),
    "native": ("size", "cost", "depth", "wait", "mixed"),
    "classic": ("latency_bucket", "odd_bucket"),
    "info": ("target_info", "build_info"),
}
_METRICS["histogram"] = _METRICS["classic"] + _METRICS["native"]
_METRICS["any"] = tuple(name for names in list(_METRICS.values())[:5] for name in names)

_VALUES = {
    "job": JOBS, "instance": INSTANCES, "code": ("200", "404", "500"), "zone": ("eu", "us", ""), "le": ("0.1", "1", "+Inf"),
    "pod": ("front-0", "front-1", "back-1"), "deployment": ("front", "back"), "version": ("1", "2"), "__type__": ("gauge", "counter"),
    "a.b": ("x",),
}
_PATTERNS = {"job": ("api|db", "a.*", ".+"), "instance": ("a:.*", "(a|b):9100", "[bc].+"), "code": ("2..", "[45]0[04]", "200|500")}
_LABELS = ("job", "instance", "code", "zone", "le", "pod", "deployment", "version", "__name__", "nothing")
_AGGREGATIONS = "sum avg min max count group stddev stdvar".split()
_ARITHMETIC = "+ - * / % ^ atan2".split()
_COMPARISONS = "== != > < >= <=".split()
_NUMBERS = ("0", "1", "2", "-1", "0.5", "3.7", "1e3", "0x1F", "Inf", "-Inf", "NaN", "1_000", "0b11", ".5", "1e-3", "5m", "90s", "1h30m", "-0",
            "1e308", "4503599627370496.5")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


class QueryGenerator:
    """One query: `QueryGenerator(random).query()`."""

    def __init__(self, rnd, functions=FUNCTIONS):
        self.random, self.functions = rnd, functions
        self.subqueries = 0

    def chance(self, probability):
        return self.random.random() < probability

    def choice(self, items):
        return self.random.choice(items)

    def query(self):
        roll = self.random.random()
        depth = self.choice((0, 1, 1, 2, 2, 3))
        if roll < 0.9:
            return self.vector(depth)
        return self.scalar(depth) if roll < 0.97 else self.matrix(depth)

    # ---- selectors

    def label_name(self, name):
        return name if name.isidentifier() and self.chance(0.97) else quoted(name)

    def matcher(self):
        label = self.choice(("job", "instance", "code", "zone", "le", "pod", "version", "__type__", "a.b", "nothing"))
        values = _VALUES.get(label, ("x", ""))
        op = self.choice(("=", "=", "!=", "=~", "!~"))
        if op in ("=", "!="):
            value = self.choice(values)
        else:
            value = self.choice(_PATTERNS.get(label, (".*", ".+", "", "|".join(values), values[0] + ".*")))
        return optional(self.label_name(label), op, quoted(value), ",")

    def selector(self, kind, modifiers=True):
        metric = self.choice(_METRICS[kind] if self.chance(0.85) else _METRICS["any"])
        matchers = [self.matcher() for _ in range(self.choice((0, 0, 0, 1, 1, 2)))]
        # Negative ones last, where Prometheus' storage moves them while it reads; absent() then tells the labels in that order.
        matchers.sort(key=lambda matcher: matcher.parts[1].startswith("!"))
        roll = self.random.random()
        if roll < 0.86:
            parts = [metric, optional("{", *matchers, "}")] if matchers else [metric]
        elif roll < 0.90:
            parts = ["{", quoted(metric), ",", *matchers, "}"]
        elif roll < 0.94:
            parts = ["{", *matchers, "__name__=", quoted(metric), "}"]
        elif roll < 0.98:
            other = self.choice(_METRICS["any"])
            parts = ['{__name__=~"', metric, "|", other, '",', *matchers, "}"]
        else:
            parts = ['{"http.status",', *matchers, "}"]
        if modifiers:
            parts.append(optional(" smoothed" if self.chance(0.03) else ""))
            parts.append(self.modifiers())
        return Tree("vector", parts, ("up",))

    def modifiers(self):
        out = []
        if self.chance(0.1):
            out.append(optional(" offset ", self.offset()))
        if self.chance(0.08):
            out.append(optional(" @ ", self.at()))
        if self.chance(0.5):
            out.reverse()
        return Tree("modifiers", out)

    def offset(self):
        return self.choice(("1m", "5m", "-1m", "37s", "90", "-5m30s", "0s", "(1m + 15s)", "-(30s * 2)", "step()", "-step()", "min_of(step(), 1m)",
                            "2ms", "1h"))

    def at(self):
        return self.choice(("start()", "end()", str((START_MS + self.random.randrange(0, 1_800_000)) / 1000), "1700000600", "1700001800.5", "0"))

    def duration(self):
        return self.choice(("1m", "2m", "5m", "10m", "90s", "1m30s", "17s", "15s", "30s", "300", "45.5", "20m", "(1m + 30s)", "2m * 2",
                            "max_of(step(), 1m)", "range()", "step() * 4", "1ms"))

    def matrix(self, depth, kind="any"):
        if depth > 0 and self.subqueries < 2 and self.chance(0.2):
            self.subqueries += 1
            inner = self.vector(depth - 1, kind)
            step = self.choice(("", "", "30s", "15s", "1m", "20s", "7s", "step()"))
            return Tree("matrix", ["(", inner, ")[", self.choice(("2m", "5m", "1m", "90s", "range()")), ":", Tree("step", [step], ("",)), "]",
                                   self.modifiers()])
        extended = self.choice((" anchored", " smoothed")) if self.chance(0.08) else ""
        return Tree("matrix", [self.selector(kind, modifiers=False), "[", Tree("duration", [self.duration()], ("1m", "5m")), "]",
                               optional(extended), self.modifiers()])

    # ---- values

    def number(self):
        return Tree("scalar", [self.choice(_NUMBERS)], ("1",))

    def fraction(self):
        return Tree("scalar", [self.choice(("0.5", "0.9", "0", "1", "0.25", "-1", "1.1", "NaN", "0.3"))], ("0.5",))

    def scalar(self, depth):
        roll = self.random.random()
        if depth <= 0 or roll < 0.4:
            return self.number()
        if roll < 0.55:
            operator = self.choice(_ARITHMETIC + [c + " bool" for c in _COMPARISONS])
            return Tree("scalar", ["(", self.scalar(depth - 1), " ", operator, " ", self.scalar(depth - 1), ")"], ("1",))
        if roll < 0.6:
            return Tree("scalar", [self.choice("+-"), "(", self.scalar(depth - 1), ")"], ("1",))
        return self.call(self.choice([name for name in SCALAR_FUNCTIONS if name in self.functions]), depth)

    def label(self):
        return self.choice(_LABELS)

    def label_list(self, most=3):
        names = self.random.sample(_LABELS, self.random.randrange(most + 1))
        return Tree("labels", [optional(self.label_name(name), ", " if i + 1 < len(names) else "") for i, name in enumerate(names)])

    def text(self, letter):
        if letter == "L":
            return self.choice(_LABELS + ("new", "a.b", "", "\xff") if self.chance(0.03) else _LABELS[:-1] + ("new",))
        if letter == "R":
            return self.choice(("$1", "x-$1-$2", "${1}y", "$name", "constant", "", "$$", "$1x", "${1"))
        if letter == "E":
            return self.choice(("(.*)", "(.).*", "(?P<name>[a-c]).*", "", "nomatch", "(a|b):(.*)", "(", "a.*|.+"))
        return self.choice(("-", "", ",", "x"))

    # ---- calls

    def argument(self, letter, depth, kind):
        if letter == "V":
            return self.vector(depth - 1, kind)
        if letter == "M":
            return self.matrix(depth - 1, kind)
        if letter == "Q" or (letter == "S" and self.chance(0.3)):
            return self.fraction()
        if letter == "S":
            return self.scalar(depth - 1)
        if letter == "I":
            return self.info_selector()
        return Tree("string", [quoted(self.text(letter))])

    def info_selector(self):
        parts = ["{", optional('__name__=~"', self.choice(("target_info", "build_info", ".+_info")), '",')] + [self.matcher()]
        return Tree("info", parts + ["}"], ('{job=~".+"}',))

    def call(self, name, depth):
        letters, kind = _FUNCTIONS[name]
        if self.chance(0.1):
            kind = "any"
        arguments = []
        for i, letter in enumerate(letters):
            if letter == "?":
                continue
            can_be_left_out = letters[i + 1:i + 2] == "?"
            if can_be_left_out and self.chance(0.5):
                break
            argument = self.argument(letter, depth, kind)
            if name == "histogram_quantile" and letter == "V" and self.chance(0.5):
                argument = self.rates_by_bound(kind)
            separator = ", " if arguments else ""
            arguments.append(optional(separator, argument) if can_be_left_out else Tree("argument", [separator, argument]))
        return Tree("scalar" if name in SCALAR_FUNCTIONS else "vector", [name, "(", *arguments, ")"])

    def rates_by_bound(self, kind):
        metric = self.selector("classic" if self.chance(0.7) else kind, modifiers=False)
        by = self.choice(("by (le)", "by (le, job)", "without (instance)"))
        return Tree("vector", ["sum ", by, " (", self.choice(("rate", "increase")), "(", metric, "[5m]))"])

    # ---- vectors

    def vector(self, depth, kind="any"):
        if depth <= 0:
            return self.selector(kind)
        roll = self.random.random()
        if roll < 0.12:
            return self.selector(kind)
        if roll < 0.55:
            names = [name for name in self.functions if name not in SCALAR_FUNCTIONS]
            return self.call(self.choice(names), depth)
        if roll < 0.72:
            return self.aggregation(depth, kind)
        if roll < 0.95:
            return self.binary(depth, kind)
        if roll < 0.98:
            return Tree("vector", [self.choice("-+"), self.vector(depth - 1, kind)])
        return Tree("vector", ["(", self.vector(depth - 1, kind), ")"])

    def grouping(self):
        return optional(self.choice((" by (", " without (")), self.label_list(), ")") if self.chance(0.75) else optional()

    def aggregation(self, depth, kind):
        roll = self.random.random()
        parameter = []
        if roll < 0.65:
            name = self.choice(_AGGREGATIONS)
        elif roll < 0.72:
            name, parameter = "quantile", [self.fraction(), ", "]
        elif roll < 0.77:
            name, parameter = "count_values", [quoted(self.choice(("value", "job", "", "a.b"))), ", "]
        elif roll < 0.95:
            name = self.choice(("topk", "bottomk", "limitk"))
            parameter = [Tree("scalar", [self.choice(("1", "2", "3", "5", "0", "-1", "2.9", "NaN"))], ("1", "2")), ", "]
        else:
            name, parameter = "limit_ratio", [Tree("scalar", [self.choice(("0.5", "-0.5", "0.1", "1", "0", "2", "-0.3", "NaN"))], ("0.5",)), ", "]
        inner = self.vector(depth - 1, kind)
        grouping = self.grouping()
        if self.chance(0.5):
            return Tree("vector", [name, grouping, " (", *parameter, inner, ")"])
        return Tree("vector", [name, "(", *parameter, inner, ")", grouping])

    def fill(self):
        value = self.choice(("0", "1", "-1", "NaN", "2.5", "Inf"))
        return self.choice((f" fill({value})", f" fill_left({value})", f" fill_right({value})", f" fill_left({value}) fill_right(7)"))

    def matching(self, set_operation):
        """on/ignoring, group_left/group_right."""
        roll = self.random.random()
        if roll < 0.25:
            return optional()
        if roll < 0.65:
            on = [" on (", self.choice(("job", "instance", "job, instance", "zone", "", "code, job", "le", "__name__", "deployment")), ")"]
        else:
            on = [" ignoring (", self.label_list(), ")"]
        group = []
        if not set_operation and self.chance(0.5):
            group = [optional(self.choice((" group_left", " group_right")), optional(" (", self.label_list(2), ")"))]
        return optional(*on, *group)

    def binary(self, depth, kind):
        left, right = self.vector(depth - 1, kind), self.vector(depth - 1, kind)
        roll = self.random.random()
        if roll < 0.25:
            operator = self.choice(("and", "or", "unless"))
            return Tree("vector", ["(", left, ") ", operator, self.matching(True), " (", right, ")"])
        operator = self.choice(_ARITHMETIC) if self.chance(0.6) else self.choice(_COMPARISONS)
        if self.chance(0.04):
            operator = self.choice(("</", ">/"))
        boolean = optional(" bool") if operator in _COMPARISONS and self.chance(0.5) else ""
        if roll < 0.55:
            number = self.scalar(depth - 1)
            sides = ["(", left, ") ", operator, boolean, " ", number]
            if self.chance(0.4):
                sides = [number, " ", operator, boolean, " (", left, ")"]
            return Tree("vector", sides)
        if self.chance(0.5):  # Sides that match: the same series twice.
            right = Tree("vector", [str(left)], ("up",))
        fill = optional(self.fill()) if self.chance(0.15) else ""
        return Tree("vector", ["(", left, ") ", operator, boolean, self.matching(False), fill, " (", right, ")"])


_NOISE = ("(", ")", "[5m]", "[5m:]", " offset 5m", " @ 0", "{", "}", ",", " by (job)", " bool", " on (job)", " group_left", "-", "=~", "\"", "1h",
          "and", "sum", "rate", " fill(0)", "[", "]", ":", "\u00e9", "1e", "0x", "start()", "$", ".", " anchored", "ignoring", "!", "==")


def damaged(text, rnd):
    """The text with one or two mistakes in it."""
    for _ in range(rnd.choice((1, 1, 2))):
        at = rnd.randrange(len(text) + 1)
        what = rnd.random()
        if what < 0.35:
            text = text[:at] + text[at + rnd.randrange(1, 6):]
        elif what < 0.7:
            text = text[:at] + rnd.choice(_NOISE) + text[at:]
        else:
            other = rnd.randrange(len(text) + 1)
            text = text[:at] + text[other:other + rnd.randrange(1, 8)] + text[at:]
    return text


def times(rnd):
    """Parameters of a request in milliseconds: (start, end, step), an instant query has start == end and step 0; and the lookback."""
    lookback_ms = rnd.choice((30_000, 60_000, 20_000, 3_600_000)) if rnd.random() < 0.08 else 0
    at = rnd.randrange(START_MS - 120_000, END_MS + 420_000)
    if rnd.random() < 0.5:
        at = at // 15_000 * 15_000
    if rnd.random() < 0.45:
        return at, at, 0, lookback_ms
    step_ms = rnd.choice((15_000, 30_000, 60_000, 60_000, 7_000, 13_700, 300_000, 1_000, 1))
    return at, at + step_ms * rnd.randrange(0, 40), step_ms, lookback_ms


def question(seed, number, functions=FUNCTIONS):
    """(tree, times) of a query, the same for the same seed and number."""
    rnd = random.Random(f"{seed}:{number}")
    tree = QueryGenerator(rnd, functions).query()
    when = times(rnd)
    if rnd.random() < 0.08:
        tokens = re.findall(r"\w+|\s+|.", damaged(str(tree), rnd), re.DOTALL)
        tree = Tree("damaged", [optional(token) for token in tokens])
    return tree, when
