#!/usr/bin/env python3
"""What it costs to write a raw range answer of a few megabytes as JSON, beside Prometheus in the same run, as a markdown table.

A range query of raw series is asked again and again, and so is count() over the same selection, which reads the same samples and
answers next to nothing. The difference of the CPU that the server's process used is the encoding and the sending. Both servers run with
the same samples, and are asked in turns, so that what else the machine does is spread over all; the answers must be of the same size.

    bench/json_encoding.py --build build/release

NIGHTLIGHT_PROMETHEUS names Prometheus' binary (default: the one on PATH).
"""

import os
import shutil
import tempfile
import time
import urllib.parse

import servers
from servers import cpu_seconds

# Series whose values are written differently: every bit moves, two decimals, integers.
SELECTIONS = {
    "17 digits": 'http_request_duration_seconds_sum',
    "2 decimals": 'node_cpu_seconds_total',
    "integers": 'http_request_duration_seconds_bucket',
}


def ask(http, query, load, series, times):
    """The size of an answer; asks so many times."""
    end_s = load["end_ms"] // 1000
    path = "/api/v1/query_range?" + urllib.parse.urlencode({"query": query, "start": end_s - 3600, "end": end_s, "step": 15, "nocache": 1})
    size = 0
    for _ in range(times):
        status, _, body = http.request("GET", path, timeout_s=300)
        if status != 200 or not body.startswith(b'{"status":"success"'):
            raise AssertionError(f"{query}: {status} {body[:300]}")
        size = len(body)
        if series is not None and body.count(b'"metric"') != series:
            raise AssertionError(f"{query}: {body.count(b'metric')} series")
    return size


def selector(http, metric, series, load):
    """A selector of so many series of a metric, by the hosts that have them."""
    found = http.api("series", **{"match[]": metric, "start": load["start_ms"] / 1000, "end": load["end_ms"] / 1000})["data"]
    instances = {}
    for one in found:
        instances[one["instance"]] = instances.get(one["instance"], 0) + 1
    chosen, count = [], 0
    for instance in sorted(instances):
        if count + instances[instance] > series:
            break
        chosen.append(instance)
        count += instances[instance]
    return f'{metric}{{instance=~"{"|".join(chosen)}"}}', count


def wait_idle(pid):
    """Until what the load left to do in the background is done."""
    while True:
        used = cpu_seconds(pid)
        time.sleep(2)
        if cpu_seconds(pid) - used < 0.04:
            return


class Subject:
    """A server with the samples in it."""

    def __init__(self, kind, options):
        self.directory = tempfile.mkdtemp(prefix="json-", dir=options.directory)
        self.server = kind(self.directory, options.build)
        self.result = {}

    def start(self, options):
        self.server.process.start()
        self.http = servers.wait_ready(self.server)
        self.pid = self.server.process.child.pid
        self.load = servers.load(self.server, options, start_ms=options.start_ms)
        wait_idle(self.pid)

    def stop(self):
        if self.server.process.running():
            self.server.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_of(self, query, series, times):
        began = cpu_seconds(self.pid)
        size = ask(self.http, query, self.load, series, times)
        return cpu_seconds(self.pid) - began, size


def measure(subjects, options):
    for name, metric in SELECTIONS.items():
        query, count = selector(subjects[0].http, metric, options.selected, subjects[0].load)
        used = {subject: [0, 0] for subject in subjects}
        sizes = {}
        for number in range(options.rounds + 1):  # The first does not count.
            for subject in subjects:
                raw, sizes[subject] = subject.cpu_of(query, count, options.repeat)
                counted, _ = subject.cpu_of(f"count({query})", None, options.repeat)
                if number > 0:
                    used[subject][0] += raw
                    used[subject][1] += counted
        if len(set(sizes.values())) > 1:
            raise AssertionError(f"{query}: answers of {set(sizes.values())} bytes")
        answers = options.rounds * options.repeat
        for subject, (raw, counted) in used.items():
            size = sizes[subject]
            subject.result.update({
                f"{name}: answer, MB": size / 1e6,
                f"{name}: CPU of an answer, ms": raw * 1000 / answers,
                f"{name}: CPU of its count(), ms": counted * 1000 / answers,
                f"{name}: encoding, ns per byte": (raw - counted) * 1e9 / answers / size,
                f"{name}: encoding, MB/s per core": size * answers / (raw - counted) / 1e6,
            })


def main():
    parser = servers.command_line(__doc__, series=20000, ticks=240)
    parser.add_argument("--selected", type=int, default=460, help="series of an answer at most (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=10, help="answers of each round")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    options.start_ms = int(time.time() * 1000) // 15_000 * 15_000 - options.ticks * 15_000
    subjects = [Subject(kind, options) for kind in (servers.Nightlight, servers.Prometheus)]
    try:
        for subject in subjects:
            subject.start(options)
        measure(subjects, options)
    finally:
        for subject in subjects:
            subject.stop()
    print(f"{options.series:,} series, {options.ticks:,} samples each; answers of at most {options.selected} series and 241 points, "
          f"{options.rounds * options.repeat} times\n")
    print(servers.table({subject.server.name: subject.result for subject in subjects}))


if __name__ == "__main__":
    main()
