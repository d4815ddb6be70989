"""A test case with a server of its own that asks every client for a certificate, over HTTP and over gRPC."""

import local_server
import pki
import processes


class SecuredServer(local_server.LocalServer):
    """`directory` holds what pki.generate makes; `http` is a client with a good certificate."""

    CONFIG = local_server.LocalServer.CONFIG + \
        'tls: {{cert_file: "{directory}/server.crt", key_file: "{directory}/server.key", ca_file: "{directory}/ca.crt"}}\n'

    @classmethod
    def client_tls(cls):
        pki.generate(cls.directory)
        return processes.client_of(cls.directory)
