"""Random series of every kind, the same for the same seed: what the differential test loads into both servers.

Times are fixed, so that a query that failed once can be asked again by hand.
"""

import math
import random
import struct

import remote_write
from native_histogram import CUSTOM_SCHEMA, HINT_GAUGE, NativeHistogram

START_MS = 1_700_000_000_000
END_MS = START_MS + 30 * 60_000
INTERVAL_MS = 15_000
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]

JOBS = ("api", "db")
INSTANCES = ("a:9100", "b:9100", "c:9100")
CODES = ("200", "404", "500")
CLASSIC_BOUNDS = ("0.005", "0.1", "0.5", "1", "2.5", "+Inf")
# Classic histograms that are not quite: bounds that are no numbers, two spellings of one bound, no +Inf.
ODD_BOUNDS = ("-1", "0.1", "1", "1.0", "x", "")


class Fleet:
    """Collects (labels, samples); samples are (ms, number or NativeHistogram) in order of time."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.series = []

    def add(self, samples, name, **labels):
        labels = {key: value for key, value in labels.items() if value}
        self.series.append(({"__name__": name, **labels}, list(samples)))

    def times(self, begin=0.0, end=1.0, jitter_ms=0, gaps=0.05):
        """Scrape times over a part of the whole, some missing; and whether a stale marker stands in for a missing one."""
        span = END_MS - START_MS
        first, last = START_MS + int(span * begin), START_MS + int(span * end)
        offset = self.random.randrange(INTERVAL_MS)
        t = first + offset
        while t <= last:
            if self.random.random() < gaps:
                yield t, True
                t += INTERVAL_MS * self.random.choice((1, 1, 2, 5, 25))
                continue
            yield t + (self.random.randint(-jitter_ms, jitter_ms) if jitter_ms else 0), False
            t += INTERVAL_MS

    def sampled(self, next_value, **when):
        """Samples whose values come one by one from `next_value()`; half of the gaps begin with a stale marker."""
        out = []
        for t, gap in self.times(**when):
            if not gap:
                out.append((t, next_value()))
            elif self.random.random() < 0.5:
                out.append((t, STALE))
        return out


def counters(fleet):
    rnd = fleet.random
    for job in JOBS:
        for instance in INSTANCES:
            for code in CODES:
                state = [0.0]
                step = rnd.choice((1, 7, 0.1, 1e9, 1e-3))

                def grow(state=state, step=step):
                    state[0] = 0.0 if rnd.random() < 0.06 else state[0] + step * rnd.randrange(5)
                    return state[0]

                fleet.add(fleet.sampled(grow, jitter_ms=rnd.choice((0, 40))), "requests_total", job=job, instance=instance, code=code)


def gauges(fleet):
    rnd = fleet.random
    special = (math.nan, math.inf, -math.inf, 0.0, -0.0, 2.3e-308, 1.7976931348623157e308, -1e308, 1e16 + 2, 0.1, 1e-300)
    for instance in INSTANCES:
        for zone in ("eu", "us", ""):
            scale = 10.0 ** rnd.randrange(-8, 12)
            fleet.add(fleet.sampled(lambda scale=scale: rnd.gauss(0, 1) * scale), "temperature", instance=instance, zone=zone,
                      job=rnd.choice(JOBS))
            fleet.add(fleet.sampled(lambda: rnd.choice(special) if rnd.random() < 0.5 else rnd.uniform(-3, 3)), "odd",
                      instance=instance, zone=zone)
            fleet.add(fleet.sampled(lambda: float(rnd.randrange(-2, 4)), gaps=0.15), "level", instance=instance, zone=zone,
                      job=rnd.choice(JOBS))
    fleet.add(fleet.sampled(lambda: rnd.uniform(0, 1)), "temperature", __type__="gauge", __unit__="celsius", instance="d:9100")
    fleet.add(fleet.sampled(lambda: rnd.uniform(0, 1)), "temperature", __type__="counter", __unit__="celsius", instance="d:9100")
    fleet.add([(START_MS + 300_000, 1.0), (START_MS + 1_200_000, 2.0)], "sparse", job="api")
    fleet.add(fleet.sampled(lambda: 42.0, gaps=0), "constant", job="db")
    fleet.add(fleet.sampled(lambda: rnd.uniform(0, 9)), "http.status", **{"a.b": "x", "caf\u00e9": "\u00fc \"q\" \\ \n"})


def churn(fleet):
    """Pods that come and go: one at a time of each deployment, and up for all of them."""
    rnd = fleet.random
    for deployment in ("front", "back"):
        begin = 0.0
        for number in range(4):
            end = min(1.0, begin + rnd.uniform(0.1, 0.35))
            state = [0.0]

            def grow(state=state):
                state[0] += rnd.random()
                return state[0]

            samples = fleet.sampled(grow, begin=begin, end=end, gaps=0)
            if samples and rnd.random() < 0.6:
                samples.append((samples[-1][0] + INTERVAL_MS, STALE))
            fleet.add(samples, "pod_seconds_total", deployment=deployment, pod=f"{deployment}-{number}")
            begin = end + rnd.choice((0, 0.05))
    for job in JOBS:
        for instance in INSTANCES:
            fleet.add(fleet.sampled(lambda: float(rnd.random() < 0.9), gaps=0.1), "up", job=job, instance=instance)
            for version, begin, end in (("1", 0.0, 0.5), ("2", 0.5, 1.0)):
                fleet.add(fleet.sampled(lambda: 1.0, begin=begin, end=end, gaps=0.02), "target_info", job=job, instance=instance,
                          version=version, zone=rnd.choice(("eu", "us")))
    fleet.add(fleet.sampled(lambda: 1.0), "build_info", job="api", instance="a:9100", go="1.26", branch="main")


def classic(fleet):
    rnd = fleet.random
    for name, bounds in (("latency_bucket", CLASSIC_BOUNDS), ("odd_bucket", ODD_BOUNDS)):
        for job in JOBS:
            totals = [0.0] * len(bounds)
            columns = [[] for _ in bounds]
            for t, gap in fleet.times():
                if gap:
                    continue
                growth = 0
                for i in range(len(bounds)):
                    growth += rnd.randrange(4)
                    totals[i] += growth if name == "latency_bucket" else rnd.randrange(-1, 5)
                    columns[i].append((t, totals[i]))
                if rnd.random() < 0.03:
                    totals = [0.0] * len(bounds)
            for bound, column in zip(bounds, columns):
                fleet.add(column, name, job=job, instance="a:9100", le=bound)


class Buckets:
    """A native histogram that is observed into; what it shows changes with every observation.

    It has negative buckets always or never. Prometheus gives a histogram the empty buckets that others of its chunk have, written
    later too, and takes "no negative buckets" to mean that the zero bucket begins at zero: its answers change as data comes in.
    """

    def __init__(self, rnd, integer, bounds=(), gauge=False):
        self.random, self.integer, self.bounds, self.gauge = rnd, integer, bounds, gauge
        self.schema = CUSTOM_SCHEMA if bounds else rnd.choice((0, 1, 3, -1))
        self.zero_threshold = 0.0 if bounds else 0.001
        self.sides = rnd.choice(("both", "both", "positive", "negative"))
        self.clear()

    def clear(self):
        self.positive, self.negative, self.zero, self.sum = {}, {}, 0, 0.0
        if not self.bounds:
            for side in ("positive", "negative"):
                if self.sides in ("both", side):
                    getattr(self, side)[self.random.randrange(-1, 3)] = 1

    def observe(self):
        rnd = self.random
        if rnd.random() < (0.4 if self.gauge else 0.06):
            self.clear()
        if not self.bounds and rnd.random() < 0.04:
            self.schema = rnd.choice((0, 1, 2, -2))
            self.clear()
        if rnd.random() < 0.04 and not self.bounds:
            self.zero_threshold = rnd.choice((0.001, 0.01, 0.5))
        for _ in range(rnd.randrange(6)):
            amount = rnd.randrange(1, 5) if self.integer else rnd.choice((0.5, 1.25, 3.0, 0.1))
            self.sum += amount * rnd.uniform(-1, 4)
            where = rnd.random()
            if self.bounds:
                index = rnd.randrange(len(self.bounds) + 1)
                self.positive[index] = self.positive.get(index, 0) + amount
            elif where < {"both": 0.6, "positive": 0.8, "negative": 0}[self.sides]:
                index = rnd.randrange(-3, 6)
                self.positive[index] = self.positive.get(index, 0) + amount
            elif where < 0.8:
                index = rnd.randrange(-2, 4)
                self.negative[index] = self.negative.get(index, 0) + amount
            else:
                self.zero += amount

    def next(self):
        self.observe()
        return NativeHistogram(dict(self.positive), dict(self.negative), self.zero, self.sum, self.schema, self.zero_threshold,
                               self.integer, HINT_GAUGE if self.gauge else 0, tuple(self.bounds))


def native(fleet):
    rnd = fleet.random
    for job in JOBS:
        for instance in INSTANCES[:2]:
            fleet.add(fleet.sampled(Buckets(rnd, True).next), "size", job=job, instance=instance)
            fleet.add(fleet.sampled(Buckets(rnd, False).next), "cost", job=job, instance=instance)
            fleet.add(fleet.sampled(Buckets(rnd, rnd.random() < 0.5, gauge=True).next), "depth", job=job, instance=instance)
            bounds = [rnd.choice(((0.1, 1.0, 5.0), (0.1, 0.5, 1.0, 5.0), (-1.0, 1.0, 7.5))) for _ in range(2)]
            fleet.add(custom(fleet, bounds), "wait", job=job, instance=instance)
        # A series that is a counter for a while, then a histogram, then a counter again.
        total = [0.0]

        def grow(total=total):
            total[0] += 1
            return total[0]

        samples = fleet.sampled(grow, end=0.35) + fleet.sampled(Buckets(rnd, True).next, begin=0.36, end=0.7)
        fleet.add(samples + fleet.sampled(grow, begin=0.71), "mixed", job=job, instance="a:9100")


def custom(fleet, bounds):
    """Custom buckets whose bounds change once."""
    rnd = fleet.random
    return [sample for i, chosen in enumerate(bounds)
            for sample in fleet.sampled(Buckets(rnd, rnd.random() < 0.7, bounds=chosen).next, begin=0.5 * i, end=0.5 * i + 0.49)]


def build(seed):
    """[(labels, samples)], sorted by labels.

    Sorted, because Prometheus goes over the series of a selector in the order in which they were created, which users do not see;
    sums of doubles and ties depend on it. Here it is the order of the labels, which is Nightlight's.
    """
    fleet = Fleet(seed)
    for part in (counters, gauges, churn, classic, native):
        part(fleet)
    fleet.series.sort(key=lambda item: sorted((k.encode(), v.encode()) for k, v in item[0].items()))
    return fleet.series


def _runs(samples):
    """Cuts samples where they change between numbers, native histograms, and stale markers that end a native histogram.

    Prometheus commits the kinds of a request one after the other, so that a request with two of them in one series would have some
    refused as out of order.
    """
    run, kind, after_histogram = [], None, False
    for t, value in samples:
        stale = struct.pack("<d", value) == struct.pack("<d", STALE) if isinstance(value, float) else False
        if not stale:
            after_histogram = not isinstance(value, float)
        new_kind = (stale and after_histogram, after_histogram)
        if run and new_kind != kind:
            yield run
            run = []
        kind = new_kind
        run.append((t, value))
    if run:
        yield run


def requests(all_series):
    """What to write, request by request: in each, a series has samples of one kind only."""
    rounds = []
    for labels, samples in all_series:
        for number, run in enumerate(_runs(samples)):
            while len(rounds) <= number:
                rounds.append([])
            rounds[number].append((labels, run))
    return rounds


def load(http, all_series):
    for batch in requests(all_series):
        status, body = remote_write.write(http, batch)
        if status != 204:
            raise AssertionError(f"write: {status} {body}")
