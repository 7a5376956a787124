# Says in one line what is missing on this machine and how to get it.
missing() {
  echo "sluice: $1 is needed: $2" >&2
  exit 1
}
command -v npm >/dev/null || missing "Node with npm" "apt-get install nodejs npm"
command -v python3 >/dev/null || missing "Python 3" "apt-get install python3 python3-venv"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing "Python's venv" "apt-get install python3-venv"
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64 | Linux-aarch64) ;;
  *) missing "Linux on x86_64 or arm64" "the packaged Envoy and Node are built for these" ;;
esac
