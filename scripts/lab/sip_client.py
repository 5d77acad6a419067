# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIP user's program in as few lines as it takes: one MESSAGE over UDP to a server of the lab."""
import secrets
import socket

SERVERS = {  # organisation -> its SIP server's listener for the programs of its users
    "corp": ("127.0.10.3", 15060),
    "fabrikam": ("127.0.20.1", 15060),
    "contoso": ("127.0.30.1", 15060),
}


class NoAnswer(Exception):
    pass


def send_message(server, sender, recipient, text, patience=10):
    """Sends through `server`; returns (status, reason phrase, Call-ID) of the final answer."""
    call_id = f"{secrets.token_hex(8)}@lab"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(patience)
        client.connect(SERVERS[server])
        host, port = client.getsockname()
        body = text.encode()
        head = [
            f"MESSAGE sip:{recipient} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{sender}>;tag={secrets.token_hex(4)}",
            f"To: <sip:{recipient}>",
            f"Call-ID: {call_id}",
            "CSeq: 1 MESSAGE",
            "Content-Type: text/plain",
            f"Content-Length: {len(body)}",
        ]
        client.send("\r\n".join(head + ["", ""]).encode() + body)
        while True:
            try:
                answer = client.recv(65535).decode(errors="replace")
            except OSError as error:  # timed out, or nobody listens there
                raise NoAnswer(f"no answer from {server}'s server: {error}") from error
            _, status, phrase = answer.split("\r\n", 1)[0].split(" ", 2)
            if int(status) >= 200:
                return int(status), phrase, call_id
