"""A client of Nightlight for Python, over gRPC: write samples, query, list series.

    with Client("db.example:9100", ca="ca.crt", cert="me.crt", key="me.key") as client:
        client.write([({"__name__": "temperature_celsius", "room": "attic"}, [(now_ms, 19.5)])])
        for labels, samples in client.query_range("temperature_celsius", start_ms, end_ms, step_ms):
            ...

Times are Unix milliseconds. Errors are grpc.RpcError: `code()` and `details()` say what failed. The modules of nightlight.v1 are
made by `generate`, which lies beside this file.
"""

import itertools
import os

# gRPC goes on with a lost connection only while somebody waits for something, which calls that fail at once do not, and every 5 s
# by itself. It reads this when it is loaded.
os.environ.setdefault("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "200")

import grpc  # noqa: E402
from nightlight.v1 import nightlight_pb2 as pb  # noqa: E402
from nightlight.v1 import nightlight_pb2_grpc as services  # noqa: E402


# A server that is back is found again within a second or two; by itself gRPC waits ever longer, up to two minutes.
_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.dns_min_time_between_resolutions_ms", 500))


def _read(path):
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def _labels(refs, symbols):
    return {symbols[name]: symbols[value] for name, value in zip(refs[::2], refs[1::2])}


class _Symbols:
    """Each distinct string of a message once."""

    def __init__(self):
        self.texts = {}

    def refs(self, labels):
        return [self.texts.setdefault(text, len(self.texts)) for pair in sorted(labels.items()) for text in pair]


class Client:
    """Any number of threads may call at once. Without `ca`, plain text is spoken."""

    def __init__(self, address, ca=None, cert=None, key=None, timeout_s=30):
        if ca:
            credentials = grpc.ssl_channel_credentials(_read(ca), _read(key), _read(cert))
            self._channel = grpc.secure_channel(address, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._timeout_s = timeout_s
        self._query = services.QueryServiceStub(self._channel)
        self._metadata = services.MetadataServiceStub(self._channel)
        self._ingest = services.IngestServiceStub(self._channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._channel.close()

    def write(self, series):
        """Stores (labels, [(timestamp_ms, value)]) pairs and returns when they are durable: a WriteResponse, whose `rejections`
        say which series of the call were refused, and why."""
        request, symbols = pb.WriteRequest(), _Symbols()
        for labels, samples in series:
            request.series.add(label_refs=symbols.refs(labels), timestamps_ms=[time_ms for time_ms, _ in samples],
                               values=[value for _, value in samples])
        request.symbols.extend(symbols.texts)
        return self._ingest.Write(request, timeout=self._timeout_s)

    def query(self, query, time_ms=0):
        """Evaluates an expression at one time (0: now): [(labels, [(timestamp_ms, value)])]."""
        return list(self._answer(pb.QueryRequest(query=query, time_ms=time_ms)))

    def query_range(self, query, start_ms, end_ms, step_ms):
        """Evaluates an expression over a time range; yields (labels, [(timestamp_ms, value)]) while the answer arrives."""
        window = pb.QueryRequest.Range(start_ms=start_ms, end_ms=end_ms, step_ms=step_ms)
        return self._answer(pb.QueryRequest(query=query, range=window))

    def series(self, *match):
        """The label sets of the series that match one of the selectors, as dicts."""
        request = pb.SeriesRequest(selection=pb.Selection(match=match))
        for batch in self._metadata.Series(request, timeout=self._timeout_s):
            for series in batch.series:
                yield _labels(series.label_refs, batch.symbols)

    def _answer(self, request):
        labels, samples = None, []
        for chunk in self._query.QueryStream(request, timeout=self._timeout_s):
            for series in chunk.batch.series:
                # A series that is very long comes in pieces, each but the first marked as continued.
                if not series.continued:
                    if labels is not None:
                        yield labels, samples
                    labels, samples = _labels(series.label_refs, chunk.batch.symbols), []
                samples.extend(zip(itertools.accumulate(series.timestamp_deltas_ms), series.values))
        if labels is not None:
            yield labels, samples
