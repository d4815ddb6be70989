"""Native histograms as remote write 1.0 spells them."""

import dataclasses
import struct

import remote_write

HINT_UNKNOWN, HINT_RESET, HINT_NO_RESET, HINT_GAUGE = range(4)
CUSTOM_SCHEMA = -53


def _double(field, value):
    return remote_write.varint(field << 3 | 1) + struct.pack("<d", value)


def _zigzag(value):
    return remote_write.varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _spans(indexes):
    """(offset, length) runs of sorted bucket indexes."""
    out, end = [], 0
    for index in indexes:
        if out and index == end:
            out[-1][1] += 1
        else:
            out.append([index - end, 1])
        end = index + 1
    return out


@dataclasses.dataclass
class NativeHistogram:
    """Buckets are {index: count}. With `integer`, counts are whole; with `bounds`, buckets are custom and positive only."""

    positive: dict
    negative: dict = dataclasses.field(default_factory=dict)
    zero_count: float = 0
    sum: float = 0.0
    schema: int = 0
    zero_threshold: float = 0.001
    integer: bool = True
    hint: int = HINT_UNKNOWN
    bounds: tuple = ()

    def count(self):
        return self.zero_count + sum(self.positive.values()) + sum(self.negative.values())

    def encode(self, timestamp_ms):
        """The fields of prometheus.Histogram."""
        whole = remote_write.varint
        if self.integer:
            out = whole(1 << 3) + whole(int(self.count())) + whole(6 << 3) + whole(int(self.zero_count))
        else:
            out = _double(2, self.count()) + _double(7, self.zero_count)
        out += _double(3, self.sum) + whole(4 << 3) + _zigzag(self.schema) + _double(5, self.zero_threshold)
        for buckets, spans_field in ((self.negative, 8), (self.positive, 11)):
            indexes = sorted(buckets)
            for offset, length in _spans(indexes):
                out += remote_write.message(spans_field, whole(1 << 3) + _zigzag(offset) + whole(2 << 3) + whole(length))
            counts = [buckets[index] for index in indexes]
            if self.integer:
                deltas = [int(b - a) for a, b in zip([0] + counts, counts)]
                out += remote_write.message(spans_field + 1, b"".join(map(_zigzag, deltas)))
            else:
                out += remote_write.message(spans_field + 2, struct.pack(f"<{len(counts)}d", *counts))
        out += whole(14 << 3) + whole(self.hint) + whole(15 << 3) + whole(timestamp_ms)
        return out + remote_write.message(16, struct.pack(f"<{len(self.bounds)}d", *self.bounds)) if self.bounds else out
