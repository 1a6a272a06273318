#!/bin/sh
# Install the Debian packages that the tests use; says beforehand what it installs, and starts no service.
set -eu

PACKAGES="darknet mosquitto mosquitto-clients influxdb influxdb-client chromium chromium-driver espeak-ng alsa-utils
    victoria-metrics gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
    gir1.2-gst-rtsp-server-1.0 python3-gi postgresql faketime softhsm2"

missing=""
for package in $PACKAGES; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "deps: all Debian packages that the tests use are installed"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: this is no Debian system; tests that need these are skipped:$missing" >&2
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "deps: not root, so tests that need these Debian packages are skipped:$missing" >&2
    echo "deps: to run them, call 'sudo make deps' once" >&2
    exit 0
fi

echo "deps: installing these Debian packages for the tests (their services are not started):$missing"
# Debian's way to say that no service may start while packages are set up.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT INT TERM
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086  # a list of names, split on purpose
apt-get install -y -q --no-install-recommends $missing
for service in mosquitto influxdb postgresql victoria-metrics; do
    case " $missing " in
    *" $service "*)
        if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
            systemctl disable --quiet "$service" || echo "deps: could not disable the $service service" >&2
        fi
        ;;
    esac
done
