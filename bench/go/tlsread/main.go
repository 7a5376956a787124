// tlsread opens N connections with mutual TLS and reads the same number of bytes from each: the client of the mark
// ceiling/tls.ts. It prints the seconds that it took.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"
)

func main() {
	address := flag.String("addr", "", "the server, HOST:PORT")
	connections := flag.Int("n", 100, "number of connections, all at once")
	size := flag.Int64("bytes", 0, "how many bytes to read from each")
	ca := flag.String("tls-ca", "", "PEM file: the server's certificate is signed by this")
	certificate := flag.String("tls-cert", "", "PEM file: the client's certificate")
	key := flag.String("tls-key", "", "PEM file: its key")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	own, err := tls.LoadX509KeyPair(*certificate, *key)
	check(err)
	config := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}}
	began := time.Now()
	var all sync.WaitGroup
	for range *connections {
		all.Go(func() {
			conn, err := tls.Dial("tcp", *address, config)
			check(err)
			defer conn.Close()
			_, err = io.CopyN(io.Discard, conn, *size)
			check(err)
		})
	}
	all.Wait()
	fmt.Println(time.Since(began).Seconds())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
