"""Updates over the air, the device's side: trust, transfer, the machine and its journal; no MQTT."""
