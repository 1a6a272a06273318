"""The device as Home Assistant sees it: its MQTT discovery, and nothing that Skerry itself needs."""
