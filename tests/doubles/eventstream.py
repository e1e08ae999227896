"""Amazon's binary event stream, as Bedrock's ConverseStream sends it."""

import json
import struct
import zlib
from typing import Any


def converse(told: dict[str, Any]) -> bytes:
    """The answer of a Converse call as the events of ConverseStream."""
    text = told["output"]["message"]["content"][0]["text"]
    half = len(text) // 2
    pieces = [{"contentBlockIndex": 0, "delta": {"text": part}} for part in (text[:half], text[half:]) if part]
    return b"".join(
        (
            _event("messageStart", {"role": "assistant"}),
            *(_event("contentBlockDelta", piece) for piece in pieces),
            _event("contentBlockStop", {"contentBlockIndex": 0}),
            _event("messageStop", {"stopReason": told["stopReason"]}),
            _event("metadata", {"usage": told["usage"], "metrics": told["metrics"]}),
        )
    )


def _event(kind: str, body: dict[str, Any]) -> bytes:
    named = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    headers = b"".join(_header(name, value) for name, value in named.items())
    payload = json.dumps(body).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    message = head + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
