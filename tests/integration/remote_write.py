"""Remote write 1.0 requests by hand: enough protobuf and compression to send samples, and to send broken ones."""

import ctypes
import ctypes.util
import struct

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(field, payload):
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def _labels(labels):
    return b"".join(message(1, message(1, name.encode()) + message(2, value.encode())) for name, value in sorted(labels.items()))


def series(labels, samples, exemplars=()):
    """One prometheus.TimeSeries: labels as a dict (sorted here), samples as (timestamp_ms, value), where a value is a number or
    has an `encode` of its own (native_histogram.py), exemplars as (labels, timestamp_ms, number)."""
    out = _labels(labels)
    for timestamp_ms, value in samples:
        if hasattr(value, "encode"):
            out += message(4, value.encode(timestamp_ms))
            continue
        out += message(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(timestamp_ms))
    for its_labels, timestamp_ms, value in exemplars:
        out += message(3, _labels(its_labels) + b"\x11" + struct.pack("<d", value) + b"\x18" + varint(timestamp_ms))
    return out


def metadata(family, kind, description, unit=""):
    """One prometheus.MetricMetadata; the kind by its number there (1 counter, 2 gauge, 3 histogram)."""
    return b"\x08" + varint(kind) + message(2, family.encode()) + message(4, description.encode()) + message(5, unit.encode())


def request(all_series, all_metadata=()):
    """A prometheus.WriteRequest of (labels, samples[, exemplars]) tuples and of metadata."""
    return b"".join(message(1, series(*one)) for one in all_series) + b"".join(message(3, metadata(*one)) for one in all_metadata)


def snappy(data):
    """The snappy block format, as literals only."""
    out = bytearray(varint(len(data)))
    for start in range(0, len(data), 65536):
        piece = data[start:start + 65536]
        out += b"\xf4" + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


def zstd(data):
    """One zstd frame that declares its size."""
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    room = ctypes.c_size_t(library.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    out = ctypes.create_string_buffer(room.value)
    size = library.ZSTD_compress(out, room, data, ctypes.c_size_t(len(data)), 1)
    return out.raw[:size]


def write(http, all_series, all_metadata=()):
    """(status, body) of one request."""
    status, _, body = http.request("POST", "/api/v1/write", snappy(request(all_series, all_metadata)), HEADERS)
    return status, body.decode()
