"""A client that knows nothing of Nightlight but its address: what it says and reads, it has learned from the reflection service.

reflection_client.py ADDRESS CA CERT KEY, then one of
  list                        names of services, a line each
  describe SERVICE            "METHOD request response", a line each; a stream has the word "stream" before its message
  call SERVICE/METHOD         requests as JSON, a line each, from standard input; answers likewise
  health SERVICE              gRPC's health service
A failed call ends with 1, and code and text of its status on standard error. CERT and KEY may be empty.
"""

import json
import sys

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def content(path):
    with open(path, "rb") as file:
        return file.read()


def describe(service):
    for method in service.methods:
        sides = ((method.input_type, method.client_streaming), (method.output_type, method.server_streaming))
        print(method.name, *(("stream " if stream else "") + message.full_name for message, stream in sides))


def call(channel, service, name):
    method = service.methods_by_name[name]
    request, response = (message_factory.GetMessageClass(message) for message in (method.input_type, method.output_type))
    messages = [json_format.Parse(line, request()) for line in sys.stdin if line.strip()]
    shape = "_".join("stream" if stream else "unary" for stream in (method.client_streaming, method.server_streaming))
    invoke = getattr(channel, shape)(f"/{service.full_name}/{name}", request_serializer=request.SerializeToString,
                                     response_deserializer=response.FromString)
    answer = invoke(iter(messages) if method.client_streaming else messages[0], timeout=30)
    for message in answer if method.server_streaming else [answer]:
        print(json.dumps(json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool)))


address, ca, certificate, key, command, *arguments = sys.argv[1:]
keys = (content(key), content(certificate)) if certificate else (None, None)
with grpc.secure_channel(address, grpc.ssl_channel_credentials(content(ca), *keys)) as connected:
    try:
        database = ProtoReflectionDescriptorDatabase(connected)
        pool = DescriptorPool(database)
        if command == "list":
            print("\n".join(sorted(database.get_services())))
        elif command == "describe":
            describe(pool.FindServiceByName(arguments[0]))
        elif command == "call":
            call(connected, pool.FindServiceByName(arguments[0].split("/")[0]), arguments[0].split("/")[1])
        elif command == "health":
            answered = health_pb2_grpc.HealthStub(connected).Check(health_pb2.HealthCheckRequest(service=arguments[0]), timeout=30)
            print(health_pb2.HealthCheckResponse.ServingStatus.Name(answered.status))
    except grpc.RpcError as e:
        print(e.code().name, e.details(), file=sys.stderr)
        sys.exit(1)
