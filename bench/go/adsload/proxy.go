package main

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// proxy is one simulated Envoy. Only its own goroutine touches what is not said to be shared.
type proxy struct {
	number int
	fleet  *fleet
	node   *core.Node

	stream grpc.ClientStream
	// subscriptions are the names asked for on this stream; nil: nothing was asked. Those of clusters and listeners stay
	// empty: all.
	subscriptions [kindCount]*nameSet
	answered      [kindCount]bool
	version       [kindCount]string
	nonce         [kindCount]string
	introduced    bool
	seen          int

	// held outlives the stream.
	held [kindCount]holding
}

// Envoy's own, for a broken ADS stream (JitteredExponentialBackOffStrategy).
const (
	firstRetry   = 500 * time.Millisecond
	longestRetry = 30 * time.Second
)

// run keeps the proxy connected until ctx ends. Streams that end when nobody expects it are counted.
func (p *proxy) run(ctx context.Context) {
	limit := firstRetry
	for ctx.Err() == nil {
		started := time.Now()
		err := p.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if !p.fleet.storming() {
			p.fleet.fail(err)
		}
		if time.Since(started) > longestRetry {
			limit = firstRetry
		}
		time.Sleep(rand.N(limit))
		limit = min(2*limit, longestRetry)
	}
}

// follow runs one stream to its end, on a connection of its own: there the retries are ours, not the library's.
func (p *proxy) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := grpc.NewClient("passthrough:///"+p.fleet.address, p.fleet.dial...)
	if err != nil {
		return err
	}
	defer conn.Close()
	method := "StreamAggregatedResources"
	if p.fleet.delta {
		method = "DeltaAggregatedResources"
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
		"/envoy.service.discovery.v3.AggregatedDiscoveryService/"+method,
		grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(math.MaxInt32))
	if err != nil {
		return err
	}
	p.begin(stream)
	if err := p.subscribe(clusters, noNames); err != nil {
		return err
	}
	var in rawResponse
	for {
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		at := time.Now()
		buffer := in.data.MaterializeToBuffer(mem.DefaultBufferPool())
		in.data.Free()
		err := p.take(buffer.ReadOnlyData(), at)
		buffer.Free()
		if err != nil {
			return err
		}
	}
}

// begin forgets what belongs to a stream, and in a cold storm all that the proxy has.
func (p *proxy) begin(stream grpc.ClientStream) {
	p.stream = stream
	p.introduced = false
	p.subscriptions = [kindCount]*nameSet{}
	p.answered = [kindCount]bool{}
	p.nonce = [kindCount]string{}
	if !p.fleet.keepsState() {
		p.version = [kindCount]string{}
		for k := range p.held {
			p.held[k].clear()
		}
	}
}

// take handles one response as Envoy does: remembers what is in it, acknowledges it, asks for what it names.
func (p *proxy) take(message []byte, at time.Time) error {
	r, err := readResponse(message)
	if err != nil {
		return err
	}
	p.fleet.count(len(message))
	p.look(r.kind, message, at)
	if r.kind == none || p.subscriptions[r.kind] == nil {
		return nil
	}
	p.remember(r)
	p.answered[r.kind] = true
	p.version[r.kind] = string(r.version)
	p.nonce[r.kind] = string(r.nonce)
	if err := p.acknowledge(r.kind); err != nil {
		return err
	}
	if err := p.subscribeTo(r.kind.dependent(), r.kind); err != nil {
		return err
	}
	if p.subscriptions[listeners] == nil && p.has(clusters) && p.has(endpoints) {
		if err := p.subscribe(listeners, noNames); err != nil {
			return err
		}
	}
	if p.has(clusters) && p.has(endpoints) && p.has(listeners) && p.has(routes) {
		p.fleet.inSync(p.number, at)
	}
	return nil
}

// look finds the marker of the change that is under way.
func (p *proxy) look(k kind, message []byte, at time.Time) {
	change := p.fleet.change.Load()
	if k != endpoints || change == nil || p.seen == change.number || !bytes.Contains(message, change.marker) {
		return
	}
	p.seen = change.number
	change.seen(p.number, at)
}

func (p *proxy) remember(r response) {
	held := &p.held[r.kind]
	// In the state of the world these two are always complete.
	if !p.fleet.delta && (r.kind == clusters || r.kind == listeners) {
		held.clear()
	}
	for _, bytes := range r.resources {
		held.put(p.fleet.registry.resource(r.kind, bytes))
	}
	for _, removed := range r.removed {
		held.drop(p.fleet.registry.name(r.kind, string(removed)))
	}
}

// has says whether everything of this kind that was asked for is there.
func (p *proxy) has(k kind) bool {
	asked := p.subscriptions[k]
	if asked == nil {
		return false
	}
	if k == clusters || k == listeners {
		return p.answered[k]
	}
	return p.held[k].count >= len(asked.names)
}

// subscribeTo asks for what the resources of a kind name, if that is not what was asked for last.
func (p *proxy) subscribeTo(k, parent kind) error {
	if k == none {
		return nil
	}
	wanted := p.fleet.registry.dependents(parent, &p.held[parent])
	if asked := p.subscriptions[k]; asked == wanted {
		return nil
	} else if asked == nil && len(wanted.names) == 0 {
		p.subscriptions[k] = wanted
		return nil
	}
	return p.subscribe(k, wanted)
}

func (p *proxy) subscribe(k kind, wanted *nameSet) error {
	before := p.subscriptions[k]
	p.subscriptions[k] = wanted
	if !p.fleet.delta {
		return p.send(&discovery.DiscoveryRequest{
			Node: p.introduction(), TypeUrl: typeURLs[k], VersionInfo: p.version[k], ResponseNonce: p.nonce[k],
		}, wanted.encoded)
	}
	request := &discovery.DeltaDiscoveryRequest{Node: p.introduction(), TypeUrl: typeURLs[k]}
	if before == nil {
		return p.send(request, wanted.encoded, p.fleet.registry.versions(k, &p.held[k]))
	}
	request.ResourceNamesUnsubscribe = before.without(wanted).names
	return p.send(request, wanted.without(before).encoded)
}

func (p *proxy) acknowledge(k kind) error {
	if p.fleet.delta {
		return p.send(&discovery.DeltaDiscoveryRequest{TypeUrl: typeURLs[k], ResponseNonce: p.nonce[k]})
	}
	request := &discovery.DiscoveryRequest{TypeUrl: typeURLs[k], VersionInfo: p.version[k], ResponseNonce: p.nonce[k]}
	return p.send(request, p.subscriptions[k].encoded)
}

// introduction is the node, on the first request of a stream only.
func (p *proxy) introduction() *core.Node {
	if p.introduced {
		return nil
	}
	p.introduced = true
	return p.node
}

// send writes a request and parts of it that are encoded already.
func (p *proxy) send(request proto.Message, encoded ...[]byte) error {
	start, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	parts := mem.BufferSlice{mem.SliceBuffer(start)}
	for _, part := range encoded {
		if len(part) > 0 {
			parts = append(parts, mem.SliceBuffer(part))
		}
	}
	return p.stream.SendMsg(&rawRequest{parts})
}
