# Builds the Go programs of the benchmark into build/bench/, with the Go that scripts/go.sh finds.
# Modules come by the versions and hashes of go.mod and go.sum; all that is fetched stays in build/.
set -eu
out=$PWD/build/bench
mkdir -p "$out"
. scripts/go.sh
export GOMODCACHE=$out/modules GOCACHE=$out/cache GOFLAGS='-modcacherw -mod=readonly -buildvcs=false'
cd bench/go
for program in adsload peer tlsread; do
  "$go" build -o "$out/" "./$program"
done
