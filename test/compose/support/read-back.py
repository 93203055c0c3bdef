"""Reads messages, each preceded by a line with its length in bytes, and prints the contents of each as a line of JSON."""
import base64
import json
import sys
from email import message_from_bytes, policy


def people(message, name):
    field = message[name]
    return [] if field is None else [[a.display_name, a.addr_spec] for a in field.addresses]


def content(part):
    return base64.b64encode(part.get_payload(decode=True) or b"").decode()


while True:
    line = sys.stdin.buffer.readline()
    if not line:
        break
    message = message_from_bytes(sys.stdin.buffer.read(int(line)), policy=policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    attached = [part for part in parts if part.is_attachment()]
    print(json.dumps({
        "subject": None if message["subject"] is None else str(message["subject"]),
        "from": people(message, "from"), "to": people(message, "to"), "cc": people(message, "cc"),
        "field": str(message["x-field"]),
        "body": content([part for part in parts if part not in attached][0]),
        "charset": [part for part in parts if part not in attached][0].get_content_charset(),
        "attachments": [[part.get_filename(), content(part)] for part in attached],
        "defects": [repr(d) for part in message.walk() for d in part.defects],
        "names": [name for name in message.keys()],
    }))
