"""What limits a plan and what more room would buy, as JSON."""

from __future__ import annotations

from typing import Any

from r1plan.plan.llamacpp.headroom import Gain, Headroom


def room_fields(room: Headroom) -> dict[str, Any]:
    """The fields of `room`."""
    device, context = room.full_first or (None, None)
    return {
        "full_first": {"device": device, "context": context} if room.full_first else None,
        "most_slots": room.most_slots,
        "gains": [_gain(each) for each in room.gains],
    }


def _gain(gain: Gain) -> dict[str, Any]:
    then = gain.option
    return {
        "device": gain.device,
        "extra_bytes": gain.extra_bytes,
        "process": {"pid": gain.process.pid, "name": gain.process.name} if gain.process else None,
        "buys": gain.says,
        "id": then.id if then else None,
        "context": {"chosen": then.context, "max": then.context_max} if then else None,
        "decode_tok_s": round(then.tok_s, 2) if then else None,
    }
