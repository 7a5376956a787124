package main

import (
	"hash/maphash"
	"strings"
	"sync"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/proto"
)

// resource is what has to be known of one resource in one version. Proxies that were sent the same bytes share it.
type resource struct {
	// number counts all resources of all versions, from 1.
	number uint32
	name   *name
	// version is empty in the state of the world: only delta has a version for each resource.
	version string
	// dependents are the names of the endpoints or routes that it asks for.
	dependents []string
}

// name is a resource's name of one kind, as a small number for tables.
type name struct {
	text  string
	index int
}

// registry holds every resource that any proxy was sent.
type registry struct {
	delta bool
	seed  maphash.Seed

	mu       sync.RWMutex
	byHash   map[uint64]*resource
	byNumber []*resource
	names    [kindCount]map[string]*name
	sets     map[setKey]*nameSet
}

func newRegistry(delta bool) *registry {
	g := &registry{
		delta:    delta,
		seed:     maphash.MakeSeed(),
		byHash:   map[uint64]*resource{},
		byNumber: []*resource{nil},
		sets:     map[setKey]*nameSet{},
	}
	for k := range g.names {
		g.names[k] = map[string]*name{}
	}
	return g
}

// resource finds or makes the entry for the bytes of a resource.
func (g *registry) resource(k kind, bytes []byte) *resource {
	hash := maphash.Bytes(g.seed, bytes)
	g.mu.RLock()
	found := g.byHash[hash]
	g.mu.RUnlock()
	if found != nil {
		return found
	}
	any, version := bytes, ""
	if g.delta {
		any, version = field(bytes, 2), string(field(bytes, 1))
	}
	text, dependents := describe(k, field(any, 2))
	g.mu.Lock()
	defer g.mu.Unlock()
	if found := g.byHash[hash]; found != nil {
		return found
	}
	r := &resource{number: uint32(len(g.byNumber)), name: g.nameLocked(k, text), version: version, dependents: dependents}
	g.byHash[hash] = r
	g.byNumber = append(g.byNumber, r)
	return r
}

func (g *registry) name(k kind, text string) *name {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.nameLocked(k, text)
}

func (g *registry) nameLocked(k kind, text string) *name {
	if found := g.names[k][text]; found != nil {
		return found
	}
	n := &name{text: text, index: len(g.names[k])}
	g.names[k][text] = n
	return n
}

// describe gives the name of a resource and the names that it asks for.
func describe(k kind, message []byte) (string, []string) {
	switch k {
	case clusters:
		c := &cluster.Cluster{}
		if proto.Unmarshal(message, c) != nil || c.GetType() != cluster.Cluster_EDS {
			return c.GetName(), nil
		}
		if s := c.GetEdsClusterConfig().GetServiceName(); s != "" {
			return c.Name, []string{s}
		}
		return c.Name, []string{c.Name}
	case listeners:
		l := &listener.Listener{}
		if proto.Unmarshal(message, l) != nil {
			return "", nil
		}
		return l.Name, routeNames(l)
	}
	// ClusterLoadAssignment.cluster_name and RouteConfiguration.name.
	return string(field(message, 1)), nil
}

func routeNames(l *listener.Listener) []string {
	chains := l.FilterChains
	if l.DefaultFilterChain != nil {
		chains = append(chains[:len(chains):len(chains)], l.DefaultFilterChain)
	}
	var names []string
	for _, chain := range chains {
		for _, filter := range chain.Filters {
			config := filter.GetTypedConfig()
			if !strings.HasSuffix(config.GetTypeUrl(), ".HttpConnectionManager") {
				continue
			}
			manager := &hcm.HttpConnectionManager{}
			if proto.Unmarshal(config.Value, manager) == nil && manager.GetRds() != nil {
				names = append(names, manager.GetRds().RouteConfigName)
			}
		}
	}
	return names
}
