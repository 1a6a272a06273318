"""The reference part of the help of `skerry simulate`."""

from __future__ import annotations

SIMULATE_EPILOG = """\b
Examples:
  skerry simulate
  skerry simulate --devices 200 --rate 0.5 --trouble harsh --duration 60
  skerry simulate --trouble usual,flap=0.1,malformed=0
  skerry simulate --devices 10000 --rate 0.03
  skerry simulate --model skerry-signs@1.0.0 --bad-release 3.0.0
  skerry simulate --duration 30 --end hold --expect fleet.json &
  skerry simulate check --server http://127.0.0.1:8080 --expect fleet.json --wait 60

\b
Trouble: none, usual, harsh, single shares from 0 to 1, or both.
  share of devices
    clock_1970   begin at 1970 with every start, and say that they are unsynced
    clock_ahead  are years ahead, and say that they are synced
    clock_ntp    begin at 1970 and are set right a few heartbeats later
    refuse       have no other model than the one that they run
    update       cannot fetch updates
  chance at each heartbeat
    duplicate    a message comes twice, with the same id and seq
    late         the heartbeat comes after the next one
    malformed    a message comes that no server can accept: truncated, huge,
                 nested, no UTF-8, NaN, absurd time, wrong topic or identity
    degraded     the device is not well for a while, and says why
    flap         the connection breaks (will, birth; what waited is replayed)
    reboot       a new session, half of the time without a goodbye
    leave        a clean goodbye; the device comes back later

\b
The same seed gives the same fleet: same devices, figures, events and trouble at
the same times after the start, however fast this machine is. Devices answer
commands (ping, snapshot, logs, restart, rebirth, mute, unmute) and take on or
refuse a desired configuration: 'models' of their pipelines camera and ear, as
  {"camera": "yolov2-tiny-voc@2.0.0-rc.1"} and 'config' {"heartbeat_interval_s": 2}.
Update orders of a rollout take them five heartbeats; one of a --bad-release ends
with the way back on every device. Give --model what your releases are called: the
pipeline camera of every device runs it from the start, and takes their orders.

\b
Every device has a connection of its own (MQTT 5) as long as --connections and
the limit of open files allow that. A larger fleet shares its connections; the
wills of its devices are then published by the simulator, and it says so.

\b
Output with --json is what --expect writes, at the end:
  {"v": 1, "run": "run-17954...-1", "seed": 1, "trouble": "...", "first_start": ...,
   "devices": [{"device": "sim-0001", "site": "harbour", "presence": "offline",
     "reason": "stopped", "session": "...", "seq": 58, "heartbeats": 12,
     "events": 9, "clock_offsets_s": {}}, ...],
   "dead_letters": {"encoding": 2, "schema": 1},
   "sent": {"event": 90, "heartbeat": 240, ...}}
'seq' is the newest heartbeat's; 'heartbeats', 'events' and 'dead_letters' count
what is different, 'sent' everything. 'clock_offsets_s' has, for each start whose
clock was off, what is to be added to its times.

\b
Exit codes:
  0  done, or stopped by Ctrl-C or SIGTERM
  2  wrong usage
  4  the broker is away, refuses or went away for good, or a file cannot be
     written
"""
CHECK_EPILOG = """\b
Examples:
  skerry simulate check --server http://127.0.0.1:8080 --expect fleet.json
  skerry simulate check --server http://127.0.0.1:8080 --expect fleet.json --wait 30 --json

\b
Compared are, of each device, site, presence and its reason, session and seq of the
newest heartbeat, the number of distinct heartbeats and events, and the correction
of its clock; and the number of distinct dead letters by reason. What other runs
and other devices sent does not count. Of one device, the API gives at most 10000
heartbeats.

\b
Output with --json:
  {"agrees": false, "devices": 20, "differences": [{"subject": "sim-0004",
     "figure": "events", "expected": "12", "found": "11"}, ...]}

\b
Exit codes:
  0  the server shows what was expected
  1  it shows something else
  2  wrong usage
  4  the server cannot be reached, or the file cannot be read
"""
