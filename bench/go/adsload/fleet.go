package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/protobuf/types/known/structpb"
)

// fleet is all proxies, and what is measured over them.
type fleet struct {
	options
	registry *registry
	proxies  []*proxy
	dial     []grpc.DialOption
	server   process

	change  atomic.Pointer[change]
	storm   atomic.Pointer[storm]
	changed int

	// Of the round that is under way: the first connections, or a storm.
	round atomic.Pointer[round]

	bytes    atomic.Int64
	messages atomic.Int64
	failures atomic.Int64
	failure  atomic.Pointer[string]
}

// round is one wait until all proxies are in sync.
type round struct {
	// at is when each proxy was, in nanoseconds since 1970; 0: not yet.
	at   []atomic.Int64
	left atomic.Int64
	done chan struct{}
}

func newRound(proxies int) *round {
	r := &round{at: make([]atomic.Int64, proxies), done: make(chan struct{})}
	r.left.Store(int64(proxies))
	return r
}

func (r *round) reached(proxy int, at time.Time) {
	if r.at[proxy].CompareAndSwap(0, at.UnixNano()) && r.left.Add(-1) == 0 {
		close(r.done)
	}
}

// since gives how long each proxy took, in milliseconds; what was there before the start took no time.
func (r *round) since(start time.Time) []float64 {
	var took []float64
	for i := range r.at {
		if at := r.at[i].Load(); at != 0 {
			took = append(took, max(0, float64(at-start.UnixNano())/1e6))
		}
	}
	return took
}

// storm is the time in which the server may be away.
type storm struct {
	keepState bool
}

// patience is how long a change may take, or all proxies to be in sync.
const patience = 3 * time.Minute

// Windows of HTTP/2 as Envoy 1.40 announces them.
const (
	streamWindow     = 16 << 20
	connectionWindow = 24 << 20
)

func newFleet(o options) (*fleet, error) {
	credentials, err := transportCredentials(o)
	if err != nil {
		return nil, err
	}
	f := &fleet{options: o, registry: newRegistry(o.delta), server: process(o.pid)}
	f.dial = []grpc.DialOption{
		credentials,
		grpc.WithInitialWindowSize(streamWindow),
		grpc.WithInitialConnWindowSize(connectionWindow),
		grpc.WithReadBufferSize(64 << 10),
		grpc.WithWriteBufferSize(16 << 10),
		// Envoy does not wait for the server's preface; the library does, and shall not give up over it.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: patience}),
	}
	for i := range o.proxies {
		node, err := o.node(i)
		if err != nil {
			return nil, err
		}
		f.proxies = append(f.proxies, &proxy{number: i, fleet: f, node: node})
	}
	return f, nil
}

// node is who proxy i says it is.
func (o options) node(i int) (*core.Node, error) {
	namespace := strings.ReplaceAll(o.namespace, "{i}", strconv.Itoa(i))
	metadata, err := structpb.NewStruct(map[string]any{"NAMESPACE": namespace, "CLUSTER_ID": "Kubernetes"})
	if err != nil {
		return nil, fmt.Errorf("-namespace: %w", err)
	}
	return &core.Node{
		Id:            fmt.Sprintf("sidecar~10.200.%d.%d~app-%d.%s~%s.svc.cluster.local", i/250, i%250+1, i, namespace, namespace),
		Cluster:       "app." + namespace,
		Metadata:      metadata,
		UserAgentName: "envoy",
	}, nil
}

// start connects all proxies at once and waits until they are in sync.
func (f *fleet) start() syncReport {
	before, began := f.reading(), time.Now()
	f.round.Store(newRound(len(f.proxies)))
	for _, p := range f.proxies {
		go p.run(context.Background())
	}
	return f.await(began, before)
}

// await waits for the end of the round, and reports on it.
func (f *fleet) await(began time.Time, before reading) syncReport {
	round := f.round.Load()
	select {
	case <-round.done:
	case <-time.After(patience):
	}
	after := f.reading()
	took := round.since(began)
	return syncReport{
		Proxies:   len(f.proxies),
		InSync:    len(took),
		SyncMs:    distributionOf(took),
		Usage:     usageBetween(before, after),
		Bytes:     after.bytes - before.bytes,
		Messages:  after.messages - before.messages,
		Failures:  f.failures.Load(),
		FirstFail: f.failure.Load(),
	}
}

// expectStorm lets the server go away; marker says when proxies that keep their state are in sync again.
func (f *fleet) expectStorm(marker string) stormReport {
	s := &storm{keepState: marker != ""}
	f.round.Store(newRound(len(f.proxies)))
	f.change.Store(nil)
	if s.keepState {
		f.changed++
		round := f.round.Load()
		f.change.Store(&change{number: f.changed, marker: markerBytes(marker), round: round})
	}
	f.storm.Store(s)
	return stormReport{Expecting: true}
}

// awaitStorm waits until all are in sync with the server that has just become ready.
func (f *fleet) awaitStorm(pid int) syncReport {
	f.server = process(pid)
	before := f.reading()
	before.usage = usage{}
	report := f.await(time.Now(), before)
	f.storm.Store(nil)
	return report
}

func (f *fleet) storming() bool { return f.storm.Load() != nil }

// keepsState says what a proxy does when its stream has ended: as Envoy it keeps what it has, but in a cold storm.
func (f *fleet) keepsState() bool {
	s := f.storm.Load()
	return s == nil || s.keepState
}

// inSync is called for a proxy that has all it asked for. With a marker to wait for that is not enough.
func (f *fleet) inSync(proxy int, at time.Time) {
	if !f.storming() || !f.keepsState() {
		f.round.Load().reached(proxy, at)
	}
}

func (f *fleet) count(bytes int) {
	f.bytes.Add(int64(bytes))
	f.messages.Add(1)
}

func (f *fleet) fail(err error) {
	f.failures.Add(1)
	text := err.Error()
	f.failure.CompareAndSwap(nil, &text)
}
