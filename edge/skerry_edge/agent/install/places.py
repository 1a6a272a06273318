"""Where an installed agent lies, and what it is called."""

from __future__ import annotations

UNIT = "skerry-agent.service"
USER = "skerry"
CONFIG_DIR = "/etc/skerry"
CONFIG_FILE = f"{CONFIG_DIR}/agent.toml"
PASSWORD_FILE = f"{CONFIG_DIR}/mqtt-password"
CA_FILE = f"{CONFIG_DIR}/ca.pem"
STATE_DIR = "/var/lib/skerry"
CACHE_DIR = "/var/cache/skerry"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
UNIT_LINK = f"/etc/systemd/system/multi-user.target.wants/{UNIT}"
RULES_FILE = "/etc/udev/rules.d/60-skerry.rules"
PROGRAM_LINK = "/usr/local/bin/skerry"
PENDING_FILE = "/run/skerry-install.pending"
"""Files that were changed and for which no command has run yet; a restart of the machine does what those would do."""
