package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	resource "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"sluice.dev/bench/workload"
)

// source is a cache that holds the workload, and what changes one endpoint in it.
type source struct {
	cache  cachev3.Cache
	change func(service int, marker string) error
}

func newSource(kind string, services, endpoints int) (*source, error) {
	clusters := make([]types.Resource, services)
	assignments := make([]types.Resource, services)
	for i := range clusters {
		clusters[i] = workload.Cluster(i)
		assignments[i] = workload.Endpoints(i, endpoints, "")
	}
	all := map[string][]types.Resource{
		resource.ClusterType:  clusters,
		resource.EndpointType: assignments,
		resource.ListenerType: {workload.Listener()},
		resource.RouteType:    {workload.Routes(services)},
	}
	switch kind {
	case "linear":
		return linear(all, endpoints), nil
	case "snapshot":
		return snapshot(all, endpoints)
	}
	return nil, fmt.Errorf("there is no cache %q", kind)
}

// linear serves each type from a cache of its own, in which one resource can change.
func linear(all map[string][]types.Resource, endpoints int) *source {
	caches := map[string]cachev3.Cache{}
	var assignments *cachev3.LinearCache
	for typeURL, resources := range all {
		byName := map[string]types.Resource{}
		for _, r := range resources {
			byName[cachev3.GetResourceName(r)] = r
		}
		cache := cachev3.NewLinearCache(typeURL, cachev3.WithInitialResources(byName))
		caches[typeURL] = cache
		if typeURL == resource.EndpointType {
			assignments = cache
		}
	}
	return &source{
		cache: &cachev3.MuxCache{
			Classify:      func(r *cachev3.Request) string { return r.TypeUrl },
			ClassifyDelta: func(r *cachev3.DeltaRequest) string { return r.TypeUrl },
			Caches:        caches,
		},
		change: func(i int, marker string) error {
			return assignments.UpdateResource(workload.ClusterName(i), workload.Endpoints(i, endpoints, marker))
		},
	}
}

// everyone is one key for all nodes.
type everyone struct{}

func (everyone) ID(*core.Node) string { return "everyone" }

// snapshot serves one snapshot to all nodes; a change makes a new one.
func snapshot(all map[string][]types.Resource, endpoints int) (*source, error) {
	cache := cachev3.NewSnapshotCache(true, everyone{}, nil)
	assignments := all[resource.EndpointType]
	version := 0
	publish := func() error {
		version++
		next := &cachev3.Snapshot{}
		next.Resources[types.Cluster] = cachev3.NewResources("1", all[resource.ClusterType])
		next.Resources[types.Listener] = cachev3.NewResources("1", all[resource.ListenerType])
		next.Resources[types.Route] = cachev3.NewResources("1", all[resource.RouteType])
		next.Resources[types.Endpoint] = cachev3.NewResources(strconv.Itoa(version), assignments)
		return cache.SetSnapshot(context.Background(), everyone{}.ID(nil), next)
	}
	var turn sync.Mutex
	change := func(i int, marker string) error {
		turn.Lock()
		defer turn.Unlock()
		assignments = append([]types.Resource{}, assignments...)
		assignments[i] = workload.Endpoints(i, endpoints, marker)
		return publish()
	}
	return &source{cache: cache, change: change}, publish()
}
