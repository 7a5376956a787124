# Builds the program of the test cluster, build/cluster/cluster, with the Go that scripts/go.sh finds.
# Modules come by the versions and hashes of go.mod and go.sum; all that is fetched stays in build/.
set -eu
out=$PWD/build/cluster
mkdir -p "$out"
. scripts/go.sh
export GOMODCACHE=$out/modules GOCACHE=$out/cache GOFLAGS='-modcacherw -mod=readonly -buildvcs=false' CGO_ENABLED=0
version=$(awk '$1 == "require" && $2 == "k8s.io/kubernetes" || $1 == "k8s.io/kubernetes" { print $NF }' test/cluster/go/go.mod)
minor=${version#v1.}
minor=${minor%%.*}
named=k8s.io/component-base/version
echo "sluice: building the API server and etcd: about 10 minutes of one core" >&2
cd test/cluster/go
nice "$go" build -trimpath -o "$out/cluster" -ldflags "-s -w -X $named.gitVersion=$version -X $named.gitMajor=1 -X $named.gitMinor=$minor" .
