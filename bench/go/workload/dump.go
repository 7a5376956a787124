package workload

import (
	"os"
	"path/filepath"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
)

// Dump writes the whole configuration into a folder, as one DiscoveryResponse per type: cds.bin, eds.bin, lds.bin and
// rds.bin. They are what ceiling/prototype.ts sends.
func Dump(folder string, services, endpoints int) error {
	var clusters, assignments []proto.Message
	for i := range services {
		clusters = append(clusters, Cluster(i))
		assignments = append(assignments, Endpoints(i, endpoints, ""))
	}
	types := map[string][]proto.Message{
		"cds": clusters,
		"eds": assignments,
		"lds": {Listener()},
		"rds": {Routes(services)},
	}
	for name, messages := range types {
		response := &discovery.DiscoveryResponse{VersionInfo: "1", Nonce: "1"}
		for _, m := range messages {
			response.Resources = append(response.Resources, Pack(m))
		}
		response.TypeUrl = response.Resources[0].TypeUrl
		bytes, err := proto.Marshal(response)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name+".bin"), bytes, 0o644); err != nil {
			return err
		}
	}
	return nil
}
