"""What the vendors published, edge by edge: written from their pages, not from pricing/."""

from __future__ import annotations

# Published prices, USD per million tokens: fresh input / cached input / output.
R1 = "0.55 / 0.14 / 2.19"
V3_PROMOTION = "0.14 / 0.014 / 0.28"
V3 = "0.27 / 0.07 / 1.10"
NIGHT = "0.135 / 0.035 / 0.55"
V31 = "0.56 / 0.07 / 1.68"
V32 = "0.28 / 0.028 / 0.42"
V4_LAUNCH = "0.14 / 0.028 / 0.28"
V4 = "0.14 / 0.0028 / 0.28"
V4_QUIET, V4_PEAK = "0.22 / 0.007 / 0.66", "0.44 / 0.014 / 1.32"
FLASH_QUIET, FLASH_PEAK = "0.15 / 0.003 / 0.60", "0.30 / 0.006 / 1.20"
PRO = "0.435 / 0.003625 / 0.87"
PRO_QUIET, PRO_PEAK = "0.66 / 0.022 / 1.98", "1.32 / 0.044 / 3.96"
FIREWORKS = "accounts/fireworks/models"

# An edge: what holds until the second before it, and from it on. None: not offered.
EDGES: list[tuple[str, str, str, str | None, str | None]] = [
    ("deepseek", "deepseek-reasoner", "2025-01-20T00:00:00", None, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-25T16:30:00", R1, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-26T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-02-27T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-02-27T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-27T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-05-28T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-05-28T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-08-21T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-08-21T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-09-04T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-09-05T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-09-05T16:00:00", R1, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-05T16:30:00", V31, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-06T00:30:00", V31, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-29T00:00:00", V31, V32),
    ("deepseek", "deepseek-reasoner", "2026-04-24T00:00:00", V32, V4_LAUNCH),
    ("deepseek", "deepseek-reasoner", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-reasoner", "2026-07-24T15:59:00", V4, None),
    ("deepseek", "deepseek-chat", "2024-12-26T00:00:00", None, V3_PROMOTION),
    ("deepseek", "deepseek-chat", "2025-02-08T16:00:00", V3_PROMOTION, V3),
    ("deepseek", "deepseek-chat", "2025-02-26T16:30:00", V3, NIGHT),
    ("deepseek", "deepseek-chat", "2025-02-27T00:30:00", NIGHT, V3),
    ("deepseek", "deepseek-chat", "2025-09-04T16:30:00", V3, NIGHT),
    ("deepseek", "deepseek-chat", "2025-09-05T00:30:00", NIGHT, V3),
    ("deepseek", "deepseek-chat", "2025-09-05T16:00:00", V3, V31),
    ("deepseek", "deepseek-chat", "2025-09-29T00:00:00", V31, V32),
    ("deepseek", "deepseek-chat", "2026-04-24T00:00:00", V32, V4_LAUNCH),
    ("deepseek", "deepseek-chat", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-chat", "2026-07-24T15:59:00", V4, None),
    ("deepseek", "deepseek-v4-flash", "2026-04-24T00:00:00", None, V4_LAUNCH),
    ("deepseek", "deepseek-v4-flash", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-v4-flash", "2026-08-14T01:00:00", V4, V4),
    ("deepseek", "deepseek-v4-flash", "2026-08-16T16:00:00", V4, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T01:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T04:00:00", V4_PEAK, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T06:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T10:00:00", V4_PEAK, V4_QUIET),
    # The first Saturday was still billed like a working day.
    ("deepseek", "deepseek-v4-flash", "2026-08-22T06:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-22T10:00:00", V4_PEAK, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-22T16:00:00", V4_QUIET, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-23T01:00:00", V4_QUIET, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-24T01:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-29T06:00:00", V4_QUIET, V4_QUIET),
    # From here on it is an alias of deepseek-flash.
    ("deepseek", "deepseek-v4-flash", "2026-09-10T04:00:00", V4_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-09-10T06:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-v4-flash-vision-exp", "2026-08-22T16:00:00", None, V4_QUIET),
    ("deepseek", "deepseek-v4-flash-vision-exp", "2026-09-10T04:00:00", V4_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-10T04:00:00", None, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-10T10:00:00", FLASH_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-12T06:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-24T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-09-25T01:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-28T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-09-30T06:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-10-01T06:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-10-07T01:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-10-08T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-11-23T04:00:00", FLASH_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-04-24T00:00:00", None, None),
    ("deepseek", "deepseek-v4-pro", "2026-04-26T12:15:00", None, PRO),
    ("deepseek", "deepseek-v4-pro", "2026-08-16T16:00:00", PRO, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-08-17T01:00:00", PRO_QUIET, PRO_PEAK),
    ("deepseek", "deepseek-v4-pro", "2026-08-22T01:00:00", PRO_QUIET, PRO_PEAK),
    ("deepseek", "deepseek-v4-pro", "2026-08-29T01:00:00", PRO_QUIET, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-10-01T01:00:00", PRO_QUIET, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-11-23T10:00:00", PRO_PEAK, PRO_QUIET),
    ("together", "deepseek-ai/DeepSeek-R1", "2025-07-18T00:00:00", None, "3.00 / - / 7.00"),
    ("together", "deepseek-ai/DeepSeek-R1", "2026-05-14T00:00:00", "3.00 / - / 7.00", None),
    ("together", "deepseek-ai/DeepSeek-R1-0528-tput", "2025-08-21T00:00:00", None, "0.55 / - / 2.19"),
    ("together", "deepseek-ai/DeepSeek-R1-0528-tput", "2026-02-03T00:00:00", "0.55 / - / 2.19", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-01-30T00:00:00", None, "8.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-03-18T00:00:00", "8.00 / - / 8.00", "3.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-10-08T00:00:00", "3.00 / - / 8.00", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-basic", "2025-03-18T00:00:00", None, "0.55 / - / 2.19"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-basic", "2025-10-08T00:00:00", "0.55 / - / 2.19", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-0528", "2025-06-05T00:00:00", None, "3.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-0528", "2026-02-12T00:00:00", "3.00 / - / 8.00", None),
    ("openai", "o3", "2025-04-16T00:00:00", None, "10.00 / 2.50 / 40.00"),
    ("openai", "o3-2025-04-16", "2025-06-10T00:00:00", "10.00 / 2.50 / 40.00", "2.00 / 0.50 / 8.00"),
]

# A price that one id (and its aliases) had from the first instant to the second; None: it is not known or has no end.
LIVES: list[tuple[str, tuple[str, ...], str | None, str | None, str]] = [
    ("anthropic", ("claude-opus-4-20250514", "claude-opus-4-0"), "2025-05-22", "2026-06-15", "15 / 1.50 / 75"),
    ("anthropic", ("claude-opus-4-1-20250805",), "2025-08-05", "2026-08-05", "15 / 1.50 / 75"),
    ("anthropic", ("claude-opus-4-5-20251101", "claude-opus-4-5"), None, None, "5 / 0.50 / 25"),
    ("anthropic", ("claude-opus-5-5",), None, None, "4 / 0.20 / 20"),
    ("anthropic", ("claude-sonnet-4-20250514", "claude-sonnet-4-0"), "2025-05-22", "2026-06-15", "3 / 0.30 / 15"),
    ("anthropic", ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"), None, "2026-11-30", "3 / 0.30 / 15"),
    ("anthropic", ("claude-sonnet-5-5",), None, None, "2 / 0.10 / 10"),
    ("azure_foundry", ("deepseek-r1",), "2025-03-17", "2026-08-13", "1.35 / - / 5.40"),
    ("bedrock", ("us.deepseek.r1-v1:0", "deepseek.r1-v1:0"), "2025-03-17", None, "1.35 / - / 5.40"),
    ("deepinfra", ("deepseek-ai/DeepSeek-R1-0528",), "2025-08-23", None, "0.50 / 0.35 / 2.15"),
    ("deepinfra", ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B",), None, None, "0.20 / - / 0.60"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-llama-70b",), None, None, "0.90 / - / 0.90"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-llama-8b",), None, None, "0.20 / - / 0.20"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-qwen-32b",), None, None, "0.90 / - / 0.90"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-qwen-14b",), None, None, "0.20 / - / 0.20"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-qwen-7b",), None, None, "0.20 / - / 0.20"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-distill-qwen-1p5b",), None, None, "0.10 / - / 0.10"),
    ("fireworks", (f"{FIREWORKS}/deepseek-r1-0528-distill-qwen3-8b",), None, None, "0.20 / - / 0.20"),
    (
        "fireworks", (f"{FIREWORKS}/deepseek-v4p1-flash", f"{FIREWORKS}/deepseek-v4p1-flash-1017"), None, None,
        "0.30 / 0.006 / 1.20",
    ),
    ("google", ("gemini-2.5-pro",), "2025-10-31", None, "1.25 / 0.125 / 10"),
    ("google", ("gemini-3.1-pro-preview",), None, None, "2 / 0.20 / 12"),
    ("groq", ("deepseek-r1-distill-llama-70b",), "2025-02-11", None, "0.75 / - / 0.99"),
    ("hyperbolic", ("deepseek-ai/DeepSeek-R1-0528",), None, None, "3 / - / 3"),
    ("nebius", ("deepseek-ai/DeepSeek-R1-0528",), None, None, "0.80 / - / 2.40"),
    ("novita", ("deepseek/deepseek-r1-0528",), None, None, "0.70 / 0.35 / 2.50"),
    ("novita", ("deepseek/deepseek-r1-turbo",), None, None, "0.70 / - / 2.50"),
    ("openai", ("o1", "o1-2024-12-17"), "2025-01-13", "2026-10-23", "15 / 7.50 / 60"),
    ("openai", ("o1-mini",), "2025-02-11", None, "1.10 / 0.55 / 4.40"),
    ("openai", ("o3-mini", "o3-mini-2025-01-31"), "2025-02-11", "2026-10-23", "1.10 / 0.55 / 4.40"),
    ("openai", ("gpt-5", "gpt-5-2025-08-07"), "2025-08-07", "2026-12-11", "1.25 / 0.125 / 10"),
    ("openai", ("gpt-5.5",), None, None, "5 / 0.50 / 30"),
    ("openai", ("gpt-6-sol",), None, None, "2 / 0.20 / 10"),
    ("openai", ("gpt-6.1-sol",), None, None, "2 / 0.10 / 10"),
    ("openrouter", ("deepseek/deepseek-r1",), "2026-07-02", None, "0.70 / - / 2.50"),
    ("openrouter", ("deepseek/deepseek-r1-0528",), "2026-06-15", None, "0.50 / 0.35 / 2.15"),
    ("replicate", ("deepseek-ai/deepseek-r1",), None, None, "3.75 / - / 10"),
    ("sambanova", ("DeepSeek-R1",), "2025-05-22", None, "5 / - / 7"),
    ("snowflake_cortex", ("deepseek-r1",), None, "2026-07-10", "1.35 / - / 5.40"),
    ("together", ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B",), None, "2025-12-23", "2 / - / 2"),
    ("together", ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B-free",), None, "2025-11-13", "0 / 0 / 0"),
    ("together", ("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",), None, "2025-11-13", "1.60 / - / 1.60"),
    ("together", ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",), None, "2025-08-28", "0.18 / - / 0.18"),
    (
        "together", ("deepseek-ai/DeepSeek-V4.1-Flash", "deepseek-ai/DeepSeek-V4.1-Flash-1017"), "2026-09-14", None,
        "0.30 / 0.006 / 1.20",
    ),
    ("together", ("deepseek-ai/DeepSeek-V4-Pro-0813",), None, None, "1.32 / 0.13 / 3.96"),
    ("vertex_ai", ("deepseek-r1-0528-maas",), "2025-07-08", "2026-10-21", "1.35 / - / 5.40"),
]  # fmt: skip
EDGES += [
    ("deepseek", "deepseek-v4-pro", "2026-08-22T16:00:00", PRO_QUIET, PRO_QUIET),
    ("openai", "o3", "2025-06-10T00:00:00", "10 / 2.50 / 40", "2 / 0.50 / 8"),
    ("openai", "o3", "2026-12-11T00:00:00", "2 / 0.50 / 8", None),
    ("openai", "o3-2025-04-16", "2025-04-16T00:00:00", None, "10 / 2.50 / 40"),
    ("openai", "o3-2025-04-16", "2026-12-11T00:00:00", "2 / 0.50 / 8", None),
]
for _provider, _names, _start, _until, _price in LIVES:
    for _name in _names:
        if _start:
            EDGES.append((_provider, _name, f"{_start}T00:00:00", None, _price))
        if _until:
            EDGES.append((_provider, _name, f"{_until}T00:00:00", _price, None))
        if not _start and not _until:
            EDGES.append((_provider, _name, "2026-11-23T00:00:00", _price, _price))

# Days on which the windows of PEAK_EDGES are dear, and days on which they are not.
PEAK_EDGES = ("01:00", "04:00", "06:00", "10:00")
DAYS: list[tuple[str, str, str, bool]] = [
    ("deepseek-v4-flash", "2026-08-17", "Monday", True),
    ("deepseek-v4-flash", "2026-08-22", "the first Saturday", True),
    ("deepseek-v4-flash", "2026-08-23", "the first quiet Sunday", False),
    ("deepseek-v4-flash", "2026-08-24", "Monday", True),
    ("deepseek-v4-flash", "2026-08-29", "Saturday", False),
    ("deepseek-v4-flash-vision-exp", "2026-08-24", "an alias", True),
    ("deepseek-v4-pro", "2026-08-22", "the first Saturday", True),
    ("deepseek-v4-pro", "2026-08-29", "Saturday", False),
    ("deepseek-v4-pro", "2026-09-25", "Mid-Autumn", False),
    ("deepseek-v4-pro", "2026-10-08", "the day after the holidays", True),
    ("deepseek-v4-flash", "2026-09-11", "an alias of deepseek-flash", True),
    ("deepseek-flash", "2026-09-11", "Friday", True),
    ("deepseek-flash", "2026-09-12", "Saturday", False),
    ("deepseek-flash", "2026-09-13", "Sunday", False),
    ("deepseek-flash", "2026-09-24", "the day before Mid-Autumn", True),
    *(("deepseek-flash", f"2026-09-{day}", "Mid-Autumn", False) for day in (25, 26, 27)),
    ("deepseek-flash", "2026-09-28", "Monday", True),
    ("deepseek-flash", "2026-09-30", "the day before National Day", True),
    *(("deepseek-flash", f"2026-10-0{day}", "National Day", False) for day in range(1, 8)),
    ("deepseek-flash", "2026-10-08", "the day after the holidays", True),
    ("deepseek-flash", "2026-10-10", "a Saturday worked in China", False),
    ("deepseek-flash", "2026-11-23", "Monday", True),
]
QUIET_AND_PEAK = {
    "deepseek-flash": (FLASH_QUIET, FLASH_PEAK),
    "deepseek-v4-flash": (V4_QUIET, V4_PEAK),
    "deepseek-v4-flash-vision-exp": (V4_QUIET, V4_PEAK),
    "deepseek-v4-pro": (PRO_QUIET, PRO_PEAK),
}

# Inputs around the length at which a vendor's price changes.
LENGTHS: list[tuple[str, str, int, str]] = [
    ("google", "gemini-2.5-pro", 200_000, "1.25 / 0.125 / 10"),
    ("google", "gemini-2.5-pro", 200_001, "2.50 / 0.25 / 15"),
    ("google", "gemini-3.1-pro-preview", 200_000, "2 / 0.20 / 12"),
    ("google", "gemini-3.1-pro-preview", 200_001, "4 / 0.40 / 18"),
    ("openai", "gpt-5.5", 272_000, "5 / 0.50 / 30"),
    ("openai", "gpt-5.5", 272_001, "10 / 1 / 45"),
    ("openai", "gpt-5", 300_000, "1.25 / 0.125 / 10"),
]

# One call of 1M fresh input, 1M cached input and 1M output tokens each: what the bill said, in USD. None: refused.
CALLS: list[tuple[str, str, str, str | None]] = [
    ("deepseek", "deepseek-reasoner", "2025-01-25T20:00:00", "2.88"),
    ("deepseek", "deepseek-reasoner", "2025-03-10T12:00:00", "2.88"),
    ("deepseek", "deepseek-reasoner", "2025-03-10T20:00:00", "0.72"),
    ("deepseek", "deepseek-reasoner", "2025-06-15T00:15:00", "0.72"),
    ("deepseek", "deepseek-reasoner", "2025-09-05T20:00:00", "2.31"),
    ("deepseek", "deepseek-reasoner", "2025-09-10T12:00:00", "2.31"),
    ("deepseek", "deepseek-reasoner", "2025-11-01T12:00:00", "0.728"),
    ("deepseek", "deepseek-reasoner", "2026-04-25T12:00:00", "0.448"),
    ("deepseek", "deepseek-reasoner", "2026-05-15T12:00:00", "0.4228"),
    ("deepseek", "deepseek-reasoner", "2026-11-01T12:00:00", None),
    ("deepseek", "deepseek-chat", "2025-01-25T20:00:00", "0.434"),
    ("deepseek", "deepseek-chat", "2025-10-10T12:00:00", "0.728"),
    ("deepseek", "deepseek-v4-flash", "2026-05-10T02:00:00", "0.4228"),
    ("deepseek", "deepseek-v4-flash", "2026-08-20T02:00:00", "1.774"),
    ("deepseek", "deepseek-v4-flash", "2026-08-22T07:00:00", "1.774"),
    ("deepseek", "deepseek-v4-flash", "2026-08-29T07:00:00", "0.887"),
    ("deepseek", "deepseek-v4-flash", "2026-09-15T07:00:00", "1.506"),
    ("deepseek", "deepseek-flash", "2026-10-02T07:00:00", "0.753"),
    ("deepseek", "deepseek-flash", "2026-11-21T07:00:00", "0.753"),
    ("deepseek", "deepseek-flash", "2026-11-23T07:00:00", "1.506"),
    ("deepseek", "deepseek-v4-pro", "2026-06-01T02:00:00", "1.308625"),
    ("deepseek", "deepseek-v4-pro", "2026-10-12T02:00:00", "5.324"),
    ("together", "deepseek-ai/DeepSeek-R1", "2025-10-01T12:00:00", "13"),
    ("together", "deepseek-ai/DeepSeek-R1", "2026-06-01T12:00:00", None),
    ("fireworks", "accounts/fireworks/models/deepseek-r1", "2025-02-10T12:00:00", "24"),
    ("fireworks", "accounts/fireworks/models/deepseek-r1", "2025-06-10T12:00:00", "12.5"),
    ("fireworks", "accounts/fireworks/models/deepseek-r1-basic", "2025-06-10T12:00:00", "3.015"),
    ("fireworks", "accounts/fireworks/models/deepseek-r1-0528", "2026-03-01T12:00:00", None),
    ("replicate", "deepseek-ai/deepseek-r1", "2026-03-01T12:00:00", "17.5"),
    ("openai", "o3", "2025-05-01T12:00:00", "52.5"),
    ("openai", "o3", "2025-07-01T12:00:00", "10.5"),
]
