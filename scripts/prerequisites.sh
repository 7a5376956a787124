# Says in one line what is missing on this machine and how to get it.
missing() {
  echo "sluice: $1 is needed: $2" >&2
  exit 1
}
command -v npm >/dev/null || missing "Node with npm" "apt-get install nodejs npm"
npm=$(npm --version)
[ "${npm%%.*}" -ge 8 ] || missing "npm 8 or newer" "this is npm $npm; install a current Node"
command -v python3 >/dev/null || missing "Python 3" "apt-get install python3 python3-venv"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  missing "Python 3.10 or newer" "this is $(python3 --version); install a newer one first on PATH"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing "Python's venv" "apt-get install python3-venv"
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64 | Linux-aarch64) ;;
  *) missing "Linux on x86_64 or arm64" "the packaged Envoy and Node are built for these" ;;
esac
if ldd --version 2>&1 | grep -qi musl; then
  missing "a Linux with glibc" "the packaged Envoy and Node do not run with musl; a container of Debian does"
fi
