// adsload is a neutral load client for ADS servers: N proxies, each with a connection of its own, that behave as Envoy
// does. They ask for clusters, then for the endpoints that these name, then for listeners and their routes; they
// acknowledge everything, and after a broken stream they come back with what they hold.
//
// It connects at once and prints a line of JSON when all proxies are in sync. Then it reads commands from standard
// input, and answers each with a line of JSON when it is done:
//
//	changes N      triggers N changes, one after the other, each awaited by all proxies
//	storm cold     expects the server to go and to come back; the proxies return with nothing
//	storm warm IP  the same, but the proxies keep what they have, and are in sync again when they have the marker IP
//	ready PID      (during a storm) the server is ready again and has this process id: the clock starts
//
// It ends when standard input does.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// options are the flags.
type options struct {
	address      string
	proxies      int
	delta        bool
	namespace    string
	ca           string
	certificate  string
	key          string
	pid          int
	triggerURL   string
	triggerFiles string
	targetFolder string
}

func readOptions() options {
	o := options{}
	mode := flag.String("mode", "delta", "delta or sotw")
	flag.StringVar(&o.address, "addr", "", "the ADS server, HOST:PORT")
	flag.IntVar(&o.proxies, "n", 100, "number of proxies, each with a connection")
	flag.StringVar(&o.namespace, "namespace", "bench", "the proxies' namespace; {i} is the proxy's number")
	flag.StringVar(&o.ca, "tls-ca", "", "PEM file: connect with TLS, the server's certificate is signed by this")
	flag.StringVar(&o.certificate, "tls-cert", "", "PEM file: the proxies' certificate")
	flag.StringVar(&o.key, "tls-key", "", "PEM file: its key")
	flag.IntVar(&o.pid, "pid", 0, "the server's process: its CPU and memory are recorded, children included")
	flag.StringVar(&o.triggerURL, "trigger-url", "", "a change is a POST to this; {service} and {marker} are replaced")
	flag.StringVar(&o.triggerFiles, "trigger-files", "", "a change is a file: this folder holds files with {marker} in them …")
	flag.StringVar(&o.targetFolder, "target-folder", "", "… that go into this folder by a rename, the same file again each turn")
	flag.Parse()
	o.delta = *mode == "delta"
	if !o.delta && *mode != "sotw" || o.address == "" || o.proxies < 1 {
		flag.Usage()
		os.Exit(2)
	}
	return o
}

func main() {
	o := readOptions()
	fleet, err := newFleet(o)
	check(err)
	print(fleet.start())
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		report, err := obey(fleet, strings.Fields(commands.Text()))
		check(err)
		print(report)
	}
}

func obey(f *fleet, words []string) (any, error) {
	command := strings.Join(words, " ")
	var count, pid int
	var marker string
	switch {
	case scan(command, "changes %d", &count):
		return f.changes(count)
	case command == "storm cold":
		return f.expectStorm(""), nil
	case scan(command, "storm warm %s", &marker):
		return f.expectStorm(marker), nil
	case scan(command, "ready %d", &pid):
		return f.awaitStorm(pid), nil
	}
	return nil, fmt.Errorf("there is no command %q", command)
}

func scan(text, format string, into any) bool {
	n, err := fmt.Sscanf(text, format, into)
	return n == 1 && err == nil
}

func print(report any) {
	line, err := json.Marshal(report)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "adsload:", err)
		os.Exit(2)
	}
}
