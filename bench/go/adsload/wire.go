package main

// Responses are read without decoding them whole, and names that many proxies ask for are encoded once: the client must
// cost little beside the server that it measures.

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec hands messages through as bytes.
type rawCodec struct{}

type rawRequest struct{ parts mem.BufferSlice }
type rawResponse struct{ data mem.BufferSlice }

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) { return v.(*rawRequest).parts, nil }

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	data.Ref()
	v.(*rawResponse).data = data
	return nil
}

// response is a DiscoveryResponse or a DeltaDiscoveryResponse; all of it points into the message.
type response struct {
	kind    kind
	version []byte
	nonce   []byte
	// resources are Any messages, or Resource messages in a delta response.
	resources [][]byte
	removed   [][]byte
}

// Field numbers that both kinds of response share.
const (
	fieldVersion   = 1
	fieldResources = 2
	fieldTypeURL   = 4
	fieldNonce     = 5
	// fieldRemoved is DeltaDiscoveryResponse.removed_resources.
	fieldRemoved = 6
)

func readResponse(message []byte) (response, error) {
	r := response{kind: none}
	err := eachField(message, func(number protowire.Number, value []byte) bool {
		switch number {
		case fieldVersion:
			r.version = value
		case fieldResources:
			r.resources = append(r.resources, value)
		case fieldTypeURL:
			r.kind = kindOf(value)
		case fieldNonce:
			r.nonce = value
		case fieldRemoved:
			r.removed = append(r.removed, value)
		}
		return true
	})
	return r, err
}

// eachField calls visit for every field that is bytes, text or a message, until it returns false.
func eachField(message []byte, visit func(protowire.Number, []byte) bool) error {
	for len(message) > 0 {
		number, wireType, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		size := protowire.ConsumeFieldValue(number, wireType, message)
		if size < 0 {
			return protowire.ParseError(size)
		}
		if wireType == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if !visit(number, value) {
				return nil
			}
		}
		message = message[size:]
	}
	return nil
}

// field is the first field of this number, or nothing.
func field(message []byte, wanted protowire.Number) []byte {
	var found []byte
	_ = eachField(message, func(number protowire.Number, value []byte) bool {
		if number != wanted {
			return true
		}
		found = value
		return false
	})
	return found
}

// markerBytes is SocketAddress.address with this value, as it stands in a message.
func markerBytes(ip string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), ip)
}
