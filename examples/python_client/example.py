"""Writes a sine of a minute and reads it back.

    generate PROTO_DIR generated && PYTHONPATH=generated python3 example.py ADDRESS [CA CERT KEY]
"""

import math
import sys
import time

from nightlight_client import Client


def main(address, *tls):
    end_ms = int(time.time()) * 1000
    times_ms = range(end_ms - 60_000, end_ms + 1, 1000)
    labels = {"__name__": "example_sine", "from": "python"}
    with Client(address, *tls) as client:
        ack = client.write([(labels, [(time_ms, math.sin(time_ms / 10_000)) for time_ms in times_ms])])
        print(f"{ack.samples_written} samples are stored")
        for found, samples in client.query_range("example_sine", times_ms[0], times_ms[-1], 1000):
            print(found)
            for time_ms, value in samples:
                print(f"  {time_ms}  {value!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
