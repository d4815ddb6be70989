#!/usr/bin/env python3
"""How long each server needs until it answers again after kill -9 right after a load, and what it lost, as a markdown table.

    bench/restart.py --series 100000 --ticks 480
    bench/restart.py --series 1000000 --ticks 4

NIGHTLIGHT_PROMETHEUS and NIGHTLIGHT_VICTORIA_METRICS name the peers' binaries (default: those on PATH); a peer that is not there is
left out.
"""

import json
import time
import urllib.parse

import servers


def ask(server, http, text, time_s):
    path = "/api/v1/query?" + urllib.parse.urlencode({"query": text, "time": time_s, "nocache": 1})
    status, _, body = http.request("GET", path, timeout_s=600)
    if status != 200:
        raise AssertionError(f"{server.name}: {text}: {status} {body[:300]}")
    found = json.loads(body)["data"]["result"]
    return float(found[0]["value"][1]) if found else 0


def measure(kind, options):
    with servers.started(kind, options) as (server, http):
        load = servers.load(server, options)
        result = {"memory after the load, bytes per series": servers.rss_bytes(server.process.child.pid) / options.series}
        server.process.kill()
        server.process.start()
        began = time.monotonic()
        http = servers.wait_ready(server)
        result["ready after kill -9, s"] = time.monotonic() - began
        result["CPU until ready, s"] = servers.cpu_seconds(server.process.child.pid)
        end_s = load["end_ms"] / 1000
        result["counters whose last acked sample is there"] = ask(server, http, "count(count_over_time(node_cpu_seconds_total[1s]))", end_s)
        result["samples of them that are there"] = ask(server, http, "sum(count_over_time(node_cpu_seconds_total[1d]))", end_s)
        return result


def main():
    parser = servers.command_line(__doc__, series=100000, ticks=480)
    servers.compare(parser, measure)


if __name__ == "__main__":
    main()
