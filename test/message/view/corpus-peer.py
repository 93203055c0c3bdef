"""What Python's email makes of the messages named on standard input: for each a line of JSON.

{"path": ..., "leaves": [[type, name, digest, text or null], ...], "body": text or null, "subject": ...}

A digest is the SHA-256 of the decoded bytes with LF line ends, without those at the end: Python reads no others.
"""

import hashlib
import json
import sys
from email import message_from_binary_file, policy


def attempt(task):
    try:
        return task()
    except Exception:  # what it cannot do is not compared
        return None


def leaf(part):
    payload = attempt(lambda: part.get_payload(decode=True))
    text = attempt(part.get_content) if part.get_content_maintype() == "text" else None
    digest = None if payload is None else hashlib.sha256(payload.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()
    return [part.get_content_type(), attempt(part.get_filename), digest, text]


def leaves(part):
    """A report is one part, not one for each of its blocks."""
    if part.get_content_maintype() == "message" and part.get_content_type() not in ("message/rfc822", "message/global"):
        return [[part.get_content_type(), attempt(part.get_filename), None, None]]
    if not part.is_multipart():
        return [leaf(part)]
    return [each for child in part.get_payload() for each in leaves(child)]


for line in sys.stdin:
    path = line.rstrip("\n")
    with open(path, "rb") as file:
        message = message_from_binary_file(file, policy=policy.default)
    body = attempt(lambda: message.get_body(("plain",)))
    text = None if body is None else attempt(body.get_content)
    print(json.dumps({"path": path, "leaves": leaves(message), "body": text, "subject": attempt(lambda: message["subject"])}))
