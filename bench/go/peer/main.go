// peer is an ADS server made with go-control-plane, on the workload that Sluice is measured on. Once it serves, it prints
// `listening xds=HOST:PORT admin=HOST:PORT`; POST /change?service=I&marker=IP on the admin port changes one endpoint.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"strconv"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/sotw/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"sluice.dev/bench/workload"
)

func main() {
	services := flag.Int("services", 1000, "number of services")
	endpoints := flag.Int("endpoints", 10, "endpoints of each service")
	kind := flag.String("cache", "linear", "which of go-control-plane's caches: linear, snapshot")
	dump := flag.String("dump", "", "write the configuration into this folder, and end")
	flag.Parse()
	if *dump != "" {
		if err := workload.Dump(*dump, *services, *endpoints); err != nil {
			log.Fatal(err)
		}
		return
	}
	source, err := newSource(*kind, *services, *endpoints)
	if err != nil {
		log.Fatal(err)
	}
	admin := listen()
	http.HandleFunc("POST /change", func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.FormValue("service"))
		if err == nil {
			err = source.change(i%*services, r.FormValue("marker"))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	go func() { log.Fatal(http.Serve(admin, nil)) }()
	xds := listen()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32), grpc.MaxSendMsgSize(math.MaxInt32))
	ads := serverv3.NewServer(context.Background(), source.cache, nil, sotw.WithOrderedADS())
	discovery.RegisterAggregatedDiscoveryServiceServer(server, ads)
	fmt.Printf("listening xds=%s admin=%s\n", xds.Addr(), admin.Addr())
	log.Fatal(server.Serve(xds))
}

// listen takes a free port on loopback.
func listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l
}
