"""A certificate authority for one test run, made with the openssl command: nothing of it is ever committed.

`generate(directory)` leaves there, each as NAME.crt and NAME.key in PEM:
  ca, other_ca     the authority that servers trust, and one that they do not
  server           for localhost and 127.0.0.1
  client           good
  expired          a client certificate of yesterday
  stranger         a client certificate of other_ca
  self_signed      a client certificate of nobody
  server_use       of the right authority, but for servers only
"""

import os
import subprocess

_CONFIG = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:false
extendedKeyUsage = clientAuth
subjectAltName = DNS:%(name)s, URI:spiffe://nightlight.test/%(name)s
"""


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class _Maker:
    def __init__(self, directory):
        self.directory = directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def config(self, name):
        path = self.path(name + ".cnf")
        with open(path, "w", encoding="ascii") as file:
            file.write(_CONFIG % {"name": name.replace("_", "-")})
        return path

    def key(self, name):
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))
        os.chmod(self.path(name + ".key"), 0o600)

    def self_signed(self, name, extensions, days="30"):
        self.key(name)
        _openssl("req", "-x509", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={name}", "-days", days,
                 "-config", self.config(name), "-extensions", extensions, "-out", self.path(name + ".crt"))

    def signed(self, name, authority, extensions, days="30"):
        """`days` may be negative: such a certificate has expired."""
        self.key(name)
        _openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={name}", "-config", self.config(name),
                 "-out", self.path(name + ".csr"))
        _openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(authority + ".crt"),
                 "-CAkey", self.path(authority + ".key"), "-CAcreateserial", "-days", days, "-extfile", self.config(name),
                 "-extensions", extensions, "-out", self.path(name + ".crt"))


def generate(directory):
    os.makedirs(directory, exist_ok=True)
    maker = _Maker(directory)
    for authority in ("ca", "other_ca"):
        maker.self_signed(authority, "authority")
    maker.signed("server", "ca", "server")
    maker.signed("client", "ca", "client")
    maker.signed("expired", "ca", "client", days="-1")
    maker.signed("stranger", "other_ca", "client")
    maker.self_signed("self_signed", "client")
    maker.signed("server_use", "ca", "server")


def signed_server(directory):
    """A new server certificate with a new key, by the authority that lies there."""
    _Maker(directory).signed("server", "ca", "server")
