#!/bin/sh
# Make the virtual environment at $1 with Python $2, and say plainly what is missing where that cannot be done.
set -eu
venv=$1
python=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "error: '$python' is not on the PATH; Skerry needs Python 3.10 to 3.13 (make PYTHON=python3.12 …)" >&2
    exit 3
fi
"$python" - <<'PY' || exit 3
import sys
if not (3, 10) <= sys.version_info < (3, 14) or sys.maxsize < 2**32:
    sys.exit(f"error: Skerry needs 64-bit Python 3.10 to 3.13, found {sys.version.split()[0]} (make PYTHON=python3.12 …)")
PY
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing the Debian package python3-venv, which $python lacks"
        apt-get update -q && apt-get install -y -q --no-install-recommends python3-venv
    else
        echo "error: $python has no venv module; install it with: sudo apt-get install python3-venv" >&2
        exit 3
    fi
fi
"$python" -m venv "$venv"
