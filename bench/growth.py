#!/usr/bin/env python3
"""What a new series, a sample and a query's sample cost as the number of series grows, and with churn, as a markdown table for each server.

    bench/growth.py --sizes 1000,10000,100000,1000000 --peers
    bench/growth.py --sizes 3000000 --ticks 20
    bench/growth.py --sizes 100000 --ticks 240 --churn 10

For every size the first sample of each series is written, then the others, so that the CPU of the first is that of making series. Small
sizes get more ticks, so that there is something to measure: --least-samples in all. A query is asked once before it is measured; what the
first costs is dashboard.py's. NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the peers' binaries (default: those on PATH).
"""

import copy
import time
import urllib.parse

import servers
from servers import cpu_seconds

STEP_MS = 15_000
QUERY = "sum by (mode) (rate(node_cpu_seconds_total[5m]))"
LEAST_CPU_S = 0.5  # /proc counts in hundredths of a second.
ROUNDS = 8
PAUSE_S = 3  # Between them: neighbours of a virtual machine are busy for seconds on end.


def cpu_of_query(server, http, begin_s, end_s):
    """CPU seconds of one range query over everything that was asked before, in the best of some rounds, and the samples that it reads."""
    pid = server.process.child.pid
    range_query = {"query": QUERY, "start": begin_s, "end": end_s, "step": STEP_MS // 1000, "nocache": 1}
    path = "/api/v1/query_range?" + urllib.parse.urlencode(range_query)

    def ask():
        status, _, body = http.request("GET", path, timeout_s=600)
        if status != 200:
            raise AssertionError(f"{server.name}: {status} {body[:300]}")

    ask()
    servers.wait_idle(pid)
    costs = []
    for _ in range(ROUNDS):
        time.sleep(PAUSE_S)
        used, times = cpu_seconds(pid), 0
        while cpu_seconds(pid) - used < LEAST_CPU_S:
            ask()
            times += 1
        costs.append((cpu_seconds(pid) - used) / times)
    cost = min(costs)  # What else the machine does only adds.
    count = http.api("query", query="sum(count_over_time(node_cpu_seconds_total[1d]))", time=end_s)["data"]["result"]
    return cost, float(count[0]["value"][1])


def settled_rss(pid):
    """Resident bytes when they have stopped falling, within a minute."""
    least = servers.rss_bytes(pid)
    for _ in range(12):
        time.sleep(5)
        now = servers.rss_bytes(pid)
        if now > least * 0.99:
            return min(now, least)
        least = now
    return least


def measure_size(kind, options, series):
    sized = copy.copy(options)
    sized.series, sized.ticks = series, 1
    ticks = max(options.ticks, options.least_samples // series)
    start_ms = int(time.time() * 1000) // STEP_MS * STEP_MS - (ticks + 1) * STEP_MS
    with servers.started(kind, options) as (server, http):
        pid = server.process.child.pid
        empty, used = servers.rss_bytes(pid), cpu_seconds(pid)
        servers.load(server, sized, start_ms=start_ms)
        first = cpu_seconds(pid) - used
        sized.ticks, used = ticks, cpu_seconds(pid)
        load = servers.load(server, sized, churn=options.churn, start_ms=start_ms + STEP_MS)
        rest = cpu_seconds(pid) - used
        per_sample = rest / load["acked_samples"]
        loaded, settled = servers.rss_bytes(pid), settled_rss(pid)
        servers.show_newest(server, http)
        query, samples = cpu_of_query(server, http, start_ms / 1000, load["end_ms"] / 1000)
        return {
            "samples of each": ticks + 1,
            "CPU of a new series, us": max(0, first / series - per_sample) * 1e6,
            "CPU of a sample, ns": per_sample * 1e9,
            "memory after the load, B/series": (loaded - empty) / series,
            "at rest, B/series": (settled - empty) / series,
            "CPU of a query, ns/sample": query * 1e9 / samples,
        }


def main():
    # Of two senders, one may be hours of samples ahead when there are few series.
    parser = servers.command_line(__doc__, series=0, ticks=40, senders=1)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000", help="numbers of series (default %(default)s)")
    parser.add_argument("--least-samples", type=int, default=4_000_000, help="written for each size (default %(default)s)")
    parser.add_argument("--churn", type=float, default=0, help="percent of the series replaced per simulated hour")
    parser.add_argument("--peers", action="store_true", help="measure Prometheus and VictoriaMetrics, too")
    options = parser.parse_args()
    for series in map(int, options.sizes.split(",")):
        if options.peers:
            results = servers.each(options, lambda kind, options, series=series: measure_size(kind, options, series))
        else:
            results = {servers.Nightlight.name: measure_size(servers.Nightlight, options, series)}
        print(f"\n{series:,} series, churn {options.churn} % an hour\n\n{servers.table(results)}", flush=True)


if __name__ == "__main__":
    main()
