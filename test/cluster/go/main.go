// One program for what a test cluster consists of: etcd, the Kubernetes API server, and kubectl.
//
//	cluster etcd|kube-apiserver|kubectl ARGUMENTS…
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("etcd, kube-apiserver or kubectl")
	}
	part := os.Args[1]
	os.Args = os.Args[1:]
	switch part {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	case "kubectl":
		os.Exit(cli.Run(cmd.NewDefaultKubectlCommand()))
	default:
		fail("etcd, kube-apiserver or kubectl, not " + part)
	}
}

func fail(what string) {
	fmt.Fprintln(os.Stderr, "cluster: the first argument is "+what)
	os.Exit(2)
}
