# A gRPC client in Python, whose xDS is that of gRPC's C core. Each line on standard input is a round of calls as JSON,
# {target, count, key}; each line on standard output says who answered, or why nobody did, in the order of the calls.
import json
import sys

import grpc

channels = {}


def call(target, key):
    """The name of who answered one call."""
    if target not in channels:
        channels[target] = grpc.insecure_channel(target)
    greet = channels[target].unary_unary("/greeter.Greeter/Greet")
    metadata = () if key is None else (("x-user", key),)
    try:
        return greet(b"", timeout=5, metadata=metadata).decode()
    except grpc.RpcError as error:
        return f"failed: {error.code()} {error.details()}"


for line in sys.stdin:
    asked = json.loads(line)
    answers = [call(asked["target"], asked["key"]) for _ in range(asked["count"])]
    print(json.dumps(answers), flush=True)
