"""Writes one FileDescriptorSet with the definitions named in entries.txt and all that they import.

The definitions come out of the installed package xds-protos, whose modules carry them as descriptors.
Usage: descriptors.py ENTRIES OUTPUT
"""
import importlib
import sys

from google.protobuf import descriptor_pb2

# Fields that Envoy has and the package not yet: file, message (outermost first), name, number, type.
NEWER = [
    (
        "envoy/config/cluster/v3/circuit_breaker.proto",
        ("CircuitBreakers", "Thresholds", "RetryBudget"),
        "budget_interval",
        3,
        ".google.protobuf.Duration",
    ),
]
IMPORTS = {".google.protobuf.Duration": "google/protobuf/duration.proto"}


def descriptor_of(path):
    module = path.removesuffix(".proto").replace("-", "_").replace("/", ".") + "_pb2"
    return importlib.import_module(module).DESCRIPTOR


def add_field(file, messages, name, number, kind):
    outermost, *inner = messages
    message = next(each for each in file.message_type if each.name == outermost)
    for wanted in inner:
        message = next(each for each in message.nested_type if each.name == wanted)
    if any(each.name == name for each in message.field):
        return
    message.field.add(
        name=name,
        number=number,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
        type_name=kind,
    )
    if IMPORTS[kind] not in file.dependency:
        file.dependency.append(IMPORTS[kind])


def main(entries, output):
    found = {}

    def visit(file):
        if file.name in found:
            return
        found[file.name] = None
        for dependency in file.dependencies:
            visit(dependency)
        proto = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(proto)
        found[file.name] = proto

    with open(entries, encoding="utf-8") as lines:
        for line in map(str.strip, lines):
            if line and not line.startswith("#"):
                visit(descriptor_of(line))
    for path, *field in NEWER:
        add_field(found[path], *field)
    result = descriptor_pb2.FileDescriptorSet(file=sorted(found.values(), key=lambda f: f.name))
    with open(output, "wb") as out:
        out.write(result.SerializeToString(deterministic=True))


main(*sys.argv[1:])
