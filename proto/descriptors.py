"""Writes one FileDescriptorSet with the definitions named in entries.txt and all that they import.

The definitions come out of the installed package xds-protos, whose modules carry them as descriptors.
Usage: descriptors.py ENTRIES OUTPUT
"""
import importlib
import sys

from google.protobuf import descriptor_pb2


def descriptor_of(path):
    module = path.removesuffix(".proto").replace("-", "_").replace("/", ".") + "_pb2"
    return importlib.import_module(module).DESCRIPTOR


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
    result = descriptor_pb2.FileDescriptorSet(file=sorted(found.values(), key=lambda f: f.name))
    with open(output, "wb") as out:
        out.write(result.SerializeToString(deterministic=True))


main(*sys.argv[1:])
