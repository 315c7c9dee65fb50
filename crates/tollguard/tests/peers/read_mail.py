"""Prints a mail as JSON: headers, text part and HTML part, read by Python's own parser."""

import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)
part = lambda kind: mail.get_body((kind,)).get_content() if mail.get_body((kind,)) else ""
print(json.dumps({
    "subject": mail["subject"],
    "from": mail["from"],
    "to": mail["to"],
    "message_id": mail["message-id"],
    "text": part("plain"),
    "html": part("html"),
}))
