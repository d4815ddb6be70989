"""A server whose snapshot is made when somebody has asked five times how far it is; its name is how many minutes the client would
have waited. Prints its port.

    slow_snapshot.py yes|no     # Whether it tells.
"""

import concurrent.futures
import sys
import threading

import grpc
from nightlight.v1 import nightlight_pb2 as messages
from nightlight.v1 import nightlight_pb2_grpc as services


class Admin(services.AdminServiceServicer):
    def __init__(self, tells):
        self.tells, self.asked, self.made = tells, 0, threading.Event()

    def Snapshot(self, request, context):
        patience_s = context.time_remaining()
        self.made.wait()
        return messages.SnapshotResponse(name=str(round(patience_s / 60)))

    def SnapshotProgress(self, request, context):
        self.asked += 1
        if self.asked == 5:
            self.made.set()
        if not self.tells:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "it does not tell")
        return messages.SnapshotProgressResponse(done_series=50 * (self.asked - 1), total_series=200 if self.asked > 1 else 0)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
services.add_AdminServiceServicer_to_server(Admin(sys.argv[1] == "yes"), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
