#!/usr/bin/env python3
"""How many bytes a sample takes on disk when a whole day has been written and compacted, as a markdown table.

    bench/disk.py --series 4000

The day is one of the past, followed by a minute of the next, so that every server may take it as complete. Nightlight is waited for until
it has compacted what it can; VictoriaMetrics is made to merge everything; of Prometheus a snapshot is measured, since its day is complete
only after hours.
"""

import json
import time

import servers

STEP_MS = 15_000
DAY_MS = 86_400_000


def samples_of(http, name):
    """{labels as the exposition has them: value} of one of Nightlight's own metrics."""
    out = {}
    for line in http.request("GET", "/metrics")[2].decode().splitlines():
        if line.split("{")[0].split(" ")[0] == name:
            out[line[len(name):line.rindex(" ")]] = float(line.rsplit(" ", 1)[1])
    return out


def blocks_by_level(http):
    """{level: bytes} of Nightlight's blocks."""
    sizes = samples_of(http, "nightlight_gorilla_blocks_size_bytes")
    return {labels.split('level="')[1].split('"')[0]: size for labels, size in sizes.items() if size}


def samples_by_level(http):
    """{level: samples} of Nightlight's blocks, counted as the metrics count levels."""
    out = {}
    for block in json.loads(http.request("GET", "/api/v1/status/tsdb/blocks")[2])["data"]["blocks"]:
        level = str(block["compaction"]["level"] - 1)
        out[level] = out.get(level, 0) + block["stats"]["numSamples"]
    return out


def wait_compacted(http, timeout_s=900):
    """Until no block waits for a compaction, and the blocks stay as they are for ten seconds."""
    before, since, end = None, time.monotonic(), time.monotonic() + timeout_s
    while time.monotonic() < end:
        now = blocks_by_level(http)
        if now != before or any(samples_of(http, "nightlight_gorilla_compaction_debt_blocks").values()):
            before, since = now, time.monotonic()
        if time.monotonic() - since > 10:
            return now
        time.sleep(1)
    return before


def measure(kind, options):
    with servers.started(kind, options) as (server, http):
        begin_ms = int(time.time() * 1000) // DAY_MS * DAY_MS - 2 * DAY_MS
        load = servers.load(server, options, start_ms=begin_ms)
        result = {}
        if kind is servers.Nightlight:
            # Seals, so that the last blocks are there, and compactions become due.
            server.settle(http)
            levels = wait_compacted(http)
            result.update({f"blocks of level {level}, MB": size / 1e6 for level, size in sorted(levels.items())})
            day, samples = max(levels), samples_by_level(http)
            result["bytes per sample in the block of the day"] = levels[day] / samples[day]
            result["samples in the block of the day, %"] = 100 * samples[day] / load["acked_samples"]
        settled = server.settle(http)
        result["bytes per sample"] = settled / load["acked_samples"]
        return result


def main():
    parser = servers.command_line(__doc__, series=4000, ticks=DAY_MS // STEP_MS + 4, senders=1)
    servers.compare(parser, measure)


if __name__ == "__main__":
    main()
