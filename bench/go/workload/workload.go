// Package workload makes the peer's configuration: K services of E endpoints each, one outbound listener on port 80 and
// its route configuration "80" with a virtual host per service, as a sidecar has them. generate.ts writes the same
// services as YAML.
package workload

import (
	"fmt"
	"time"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const namespace = "bench"

// backendPort is where all endpoints listen.
const backendPort = 8080

func serviceName(i int) string { return fmt.Sprintf("svc-%05d", i) }

func host(i int) string { return serviceName(i) + "." + namespace + ".svc.cluster.local" }

// ClusterName is the name of the service's cluster and of its endpoints.
func ClusterName(i int) string { return "outbound|80||" + host(i) }

func virtualIP(i int) string { return fmt.Sprintf("10.96.%d.%d", i/200, i%200+1) }

func endpointIP(i, j int) string { return fmt.Sprintf("10.%d.%d.%d", 100+i/200, i%200, j+1) }

// Pack puts a message into an Any, with the same bytes every time.
func Pack(m proto.Message) *anypb.Any {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return &anypb.Any{TypeUrl: "type.googleapis.com/" + string(m.ProtoReflect().Descriptor().FullName()), Value: b}
}

func overADS() *core.ConfigSource {
	return &core.ConfigSource{
		ResourceApiVersion:    core.ApiVersion_V3,
		ConfigSourceSpecifier: &core.ConfigSource_Ads{Ads: &core.AggregatedConfigSource{}},
	}
}

func address(ip string, port uint32) *core.Address {
	return &core.Address{Address: &core.Address_SocketAddress{SocketAddress: &core.SocketAddress{
		Address:       ip,
		PortSpecifier: &core.SocketAddress_PortValue{PortValue: port},
	}}}
}

func metadata(fields map[string]any) *core.Metadata {
	s, err := structpb.NewStruct(fields)
	if err != nil {
		panic(err)
	}
	return &core.Metadata{FilterMetadata: map[string]*structpb.Struct{"istio": s}}
}

// Cluster is that of service i.
func Cluster(i int) *cluster.Cluster {
	unlimited := wrapperspb.UInt32(1<<32 - 1)
	return &cluster.Cluster{
		Name:                 ClusterName(i),
		ClusterDiscoveryType: &cluster.Cluster_Type{Type: cluster.Cluster_EDS},
		EdsClusterConfig:     &cluster.Cluster_EdsClusterConfig{EdsConfig: overADS(), ServiceName: ClusterName(i)},
		ConnectTimeout:       durationpb.New(10 * time.Second),
		LbPolicy:             cluster.Cluster_LEAST_REQUEST,
		CommonLbConfig:       &cluster.Cluster_CommonLbConfig{},
		CircuitBreakers: &cluster.CircuitBreakers{Thresholds: []*cluster.CircuitBreakers_Thresholds{{
			MaxConnections:     unlimited,
			MaxPendingRequests: unlimited,
			MaxRequests:        unlimited,
			MaxRetries:         unlimited,
			TrackRemaining:     true,
		}}},
		Metadata: metadata(map[string]any{"services": []any{
			map[string]any{"host": host(i), "name": serviceName(i), "namespace": namespace},
		}}),
	}
}

// Endpoints of service i. Unless it is empty, marker is the address of the first one.
func Endpoints(i, count int, marker string) *endpoint.ClusterLoadAssignment {
	hosts := make([]*endpoint.LbEndpoint, count)
	for j := range hosts {
		ip := endpointIP(i, j)
		if j == 0 && marker != "" {
			ip = marker
		}
		hosts[j] = &endpoint.LbEndpoint{
			HostIdentifier:      &endpoint.LbEndpoint_Endpoint{Endpoint: &endpoint.Endpoint{Address: address(ip, backendPort)}},
			LoadBalancingWeight: wrapperspb.UInt32(1),
			Metadata:            metadata(map[string]any{"workload": serviceName(i) + ";" + namespace + ";;;Kubernetes"}),
		}
	}
	return &endpoint.ClusterLoadAssignment{
		ClusterName: ClusterName(i),
		Endpoints: []*endpoint.LocalityLbEndpoints{{
			Locality:            &core.Locality{},
			LoadBalancingWeight: wrapperspb.UInt32(uint32(count)),
			LbEndpoints:         hosts,
		}},
	}
}

// Listener takes the requests to all services.
func Listener() *listener.Listener {
	manager := &hcm.HttpConnectionManager{
		StatPrefix:     "outbound_0.0.0.0_80",
		RouteSpecifier: &hcm.HttpConnectionManager_Rds{Rds: &hcm.Rds{ConfigSource: overADS(), RouteConfigName: "80"}},
		HttpFilters: []*hcm.HttpFilter{{
			Name:       "envoy.filters.http.router",
			ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: Pack(&router.Router{})},
		}},
	}
	return &listener.Listener{
		Name:    "0.0.0.0_80",
		Address: address("0.0.0.0", 80),
		FilterChains: []*listener.FilterChain{{Filters: []*listener.Filter{{
			Name:       "envoy.filters.network.http_connection_manager",
			ConfigType: &listener.Filter_TypedConfig{TypedConfig: Pack(manager)},
		}}}},
	}
}

func virtualHost(i int) *route.VirtualHost {
	h, name := host(i), serviceName(i)
	action := &route.RouteAction{
		ClusterSpecifier: &route.RouteAction_Cluster{Cluster: ClusterName(i)},
		Timeout:          durationpb.New(0),
		MaxStreamDuration: &route.RouteAction_MaxStreamDuration{
			MaxStreamDuration:    durationpb.New(0),
			GrpcTimeoutHeaderMax: durationpb.New(0),
		},
		RetryPolicy: &route.RetryPolicy{
			RetryOn:                       "connect-failure,refused-stream,unavailable,cancelled",
			NumRetries:                    wrapperspb.UInt32(2),
			HostSelectionRetryMaxAttempts: 5,
		},
	}
	return &route.VirtualHost{
		Name:                       h + ":80",
		IncludeRequestAttemptCount: true,
		Domains:                    []string{h, name, name + "." + namespace + ".svc", name + "." + namespace, virtualIP(i)},
		Routes: []*route.Route{{
			Name:      "default",
			Match:     &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}},
			Action:    &route.Route_Route{Route: action},
			Decorator: &route.Decorator{Operation: h + ":80/*"},
		}},
	}
}

// Routes is the route configuration of the listener, for the services below k.
func Routes(k int) *route.RouteConfiguration {
	hosts := make([]*route.VirtualHost, k)
	for i := range hosts {
		hosts[i] = virtualHost(i)
	}
	return &route.RouteConfiguration{Name: "80", VirtualHosts: hosts, ValidateClusters: wrapperspb.Bool(false)}
}
