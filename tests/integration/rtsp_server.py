"""An RTSP server on loopback for the tests, run by Debian's own Python, which has GStreamer's bindings.

`rtsp_server.py PORT [USER PASSWORD]` prints its port when it listens. It serves /camera (H.264), /jpeg (MJPEG), /sound
(no video) and /short (which ends). A line "size 320 240" on standard input changes the size of the pictures of those
who watch now.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  # only after their versions are chosen

PICTURES = "videotestsrc name=pictures is-live=true pattern=ball num-buffers={count} ! capsfilter name=size caps={caps}"
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate=500"
H264 = f"{ENCODER} ! rtph264pay name=pay0 pt=96 config-interval=-1"
CAPS = "video/x-raw,format=I420,width={width},height={height},framerate=20/1"
DIGEST = 2
"""GST_RTSP_AUTH_DIGEST, which has no name in the bindings."""
MOUNTS = {
    "/camera": f"{PICTURES} ! {H264}",
    "/jpeg": f"{PICTURES} ! jpegenc ! rtpjpegpay name=pay0 pt=26",
    "/short": f"{PICTURES.replace('{count}', '30')} ! {H264}",
    "/sound": "audiotestsrc is-live=true ! mulawenc ! rtppcmupay name=pay0 pt=0",
}


def main():
    port, login = sys.argv[1], sys.argv[2:]
    Gst.init(None)
    watched = []
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
    if login:
        demand_login(server, *login)
    for path, description in MOUNTS.items():
        server.get_mount_points().add_factory(path, factory(description, watched, login))
    if not server.attach(None):
        sys.exit("cannot listen")
    print(server.get_bound_port(), flush=True)
    threading.Thread(target=obey, args=(watched,), daemon=True).start()
    GLib.MainLoop().run()


def factory(description, watched, login):
    made = GstRtspServer.RTSPMediaFactory()
    caps = CAPS.format(width=640, height=480)
    made.set_launch(f"( {description.format(count=-1, caps=caps)} )")
    made.set_shared(True)
    if login:
        role = GstRtspServer.RTSPPermissions()
        role.add_permission_for_role("viewer", "media.factory.access", True)
        role.add_permission_for_role("viewer", "media.factory.construct", True)
        made.set_permissions(role)
    made.connect("media-configure", lambda _, media: watched.append(media.get_element()))
    return made


def demand_login(server, user, password):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)


def obey(watched):
    for line in sys.stdin:
        _, width, height = line.split()
        for element in watched:
            size = element.get_by_name("size")
            if size is not None:
                size.set_property("caps", Gst.Caps.from_string(CAPS.format(width=width, height=height)))


main()
