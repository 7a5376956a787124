package main

// kind is one of the four resource types, in the order in which Envoy asks for them.
type kind int

const (
	clusters kind = iota
	endpoints
	listeners
	routes
	kindCount
)

const typePrefix = "type.googleapis.com/envoy.config."

var typeURLs = [kindCount]string{
	typePrefix + "cluster.v3.Cluster",
	typePrefix + "endpoint.v3.ClusterLoadAssignment",
	typePrefix + "listener.v3.Listener",
	typePrefix + "route.v3.RouteConfiguration",
}

// none is an unknown type.
const none kind = -1

func kindOf(typeURL []byte) kind {
	for k, url := range typeURLs {
		if string(typeURL) == url {
			return kind(k)
		}
	}
	return none
}

// dependent is the kind that resources of this kind name: clusters name endpoints, listeners routes.
func (k kind) dependent() kind {
	switch k {
	case clusters:
		return endpoints
	case listeners:
		return routes
	}
	return none
}
