"""A test case with a server of its own that asks every client for a certificate, over HTTP and over gRPC."""

import os
import shutil
import tempfile
import unittest

import pki
import processes

_CONFIG = """\
server: {{http_addr: "127.0.0.1:{port}", grpc_addr: "127.0.0.1:{rpc_port}"}}
storage: {{data_dir: "{directory}/data"}}
tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}
"""


class SecuredServer(unittest.TestCase):
    """`directory` holds what pki.generate makes; `http` is a client with a good certificate."""

    MORE = ""  # Further YAML.

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="nightlight-secured-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        pki.generate(cls.directory)
        cls.port, cls.rpc_port = processes.free_port(), processes.free_port()
        config = _CONFIG.format(directory=cls.directory, port=cls.port, rpc_port=cls.rpc_port)
        cls.server = processes.nightlight(cls.directory, config + cls.MORE).start()
        cls.addClassCleanup(cls.server.kill)
        cls.http = processes.Http(cls.port, processes.client_of(cls.directory))
        cls.http.wait_ready(cls.server)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)
