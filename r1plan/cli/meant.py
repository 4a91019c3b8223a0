"""Words that people type where a command is expected, and what does that here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_KEYS = "a key is read from its provider's variable, such as DEEPSEEK_API_KEY; r1plan doctor says which are set."
_SERVER = "r1plan recommend --engine vllm ends with the command that starts a server."
_FETCH = "r1plan models pull R1-Distill-Qwen-7B fetches a model; without a quant it is the one for this machine."
_NAMES = "r1plan models list shows those that are here, with --known all; r1plan prices list shows what providers sell."
_CARDS = "r1plan detect shows what is here, r1plan hardware what is known by name."
_UPDATE = "r1plan is updated in the way in which it was installed, such as git pull."
_LEAVE = "r1plan ends by itself; exit or Ctrl-D leaves a conversation."
_REMOVE = "r1plan models remove NAME removes what r1plan models pull has fetched."
_BACKGROUND = "nothing stays running behind; r1plan doctor says what works here."

_ROOT: dict[tuple[str, ...], str] = {
    ("run", "exec", "use", "load"): 'r1plan chat --model NAME "What is 17 + 25?"',
    ("ask", "prompt", "talk", "query", "question", "complete", "generate", "repl", "tui", "say"): (
        'r1plan chat "What is 17 + 25?"'
    ),
    ("pull", "download", "get", "fetch", "install", "add"): _FETCH,
    ("ls", "list", "model", "tags", "catalog", "catalogue"): _NAMES,
    ("search", "find", "providers", "provider", "offers"): "r1plan prices list --model r1 shows who sells it.",
    ("show", "info", "inspect"): "r1plan models inspect FILE.gguf says what a file holds.",
    ("serve", "server", "start", "up", "api", "deploy", "launch", "vllm", "compose"): _SERVER,
    ("bench", "benchmark", "speed", "perf", "estimate"): "r1plan recommend --explain says how fast each option is.",
    ("ps", "status", "stop", "kill", "down", "daemon"): _BACKGROUND,
    ("login", "logout", "auth", "key", "keys", "config", "configure", "settings", "setup", "init"): _KEYS,
    ("update", "upgrade", "self-update"): _UPDATE,
    ("rm", "remove", "delete", "uninstall"): _REMOVE,
    ("cost", "costs", "report", "spend", "spending", "usage", "bill", "month", "logs", "log", "history"): (
        "r1plan cost-report says what was spent, r1plan prices cost what one request costs."
    ),
    ("price", "pricing", "compare"): "r1plan prices list shows them.",
    ("plan", "fit", "fits", "suggest", "choose", "vram", "memory", "size"): (
        "r1plan recommend says what to run: r1plan recommend --gpu rtx-4090 --ram 64"
    ),
    ("gpu", "gpus", "card", "cards", "hw", "machine", "cpu", "system", "probe"): _CARDS,
    ("check", "health", "diagnose", "diagnostics", "env"): "r1plan doctor says what works here and what is missing.",
    ("example", "examples", "try", "tutorial", "test", "quickstart"): "r1plan demo shows the three jobs.",
    ("completion", "completions", "complete-install"): "r1plan --install-completion adds it to your shell.",
    ("version",): "r1plan --version",
    ("man", "manual", "docs", "doc", "usage-help"): "r1plan --help; where its manual is installed: man r1plan",
    ("quit", "exit", "bye", "q"): _LEAVE,
    ("route", "routes", "explain"): 'r1plan chat "…" --explain says who would be asked and why.',
}
_UNDER: dict[str, dict[tuple[str, ...], str]] = {
    "r1plan": _ROOT,
    "r1plan models": {
        ("download", "get", "fetch", "install", "add"): _FETCH,
        ("ls", "search", "here", "installed", "known"): _NAMES,
        ("rm", "delete"): _REMOVE,
        ("info", "verify", "check"): "r1plan models inspect FILE.gguf says what a file holds.",
    },
    "r1plan prices": {
        ("ls", "all", "compare", "search"): "r1plan prices list shows them.",
        ("update", "add", "set", "verify"): "a dated row in ~/.config/r1plan/pricing/PROVIDER.yaml adds a price.",
        ("get", "price", "info"): "r1plan prices show PROVIDER MODEL",
    },
}
_OPTIONS: dict[str, tuple[str, ...]] = {
    "--context": ("ctx", "ctx-size", "num-ctx", "n-ctx", "max-model-len", "context-length", "context-size", "len"),
    "--gpu-layers": ("ngl", "n-gpu-layers", "num-gpu", "layers", "offload"),
    "--quant": ("quantization", "quantisation", "precision", "dtype", "bits", "qtype"),
    "--ram": ("memory", "mem", "system-memory"),
    "--vram": ("gpu-memory", "vram-gb", "video-memory"),
    "--gpu": ("card", "device", "gpus", "gpu-name"),
    "--kv": ("cache-type", "cache-type-k", "cache-type-v", "kv-cache-dtype", "kv-type", "kv-cache-type"),
    "--slots": ("parallel", "n-parallel", "np", "concurrency", "max-num-seqs"),
    "--ubatch": ("ubatch-size", "batch", "batch-size"),
    "--flash-attn": ("fa", "flash-attention"),
    "--base-url": ("api-base", "host", "url", "endpoint", "api-url", "server"),
    "--max-tokens": ("n-predict", "num-predict", "max-new-tokens", "max-completion-tokens"),
    "--max-thinking": ("thinking-budget", "max-thinking-tokens", "reasoning-budget", "budget-tokens"),
    "--thinking": ("think", "reasoning", "show-thinking", "hide-thinking", "hidethinking"),
    "--max-cost": ("budget", "max-price", "limit"),
    "--system": ("system-prompt", "instructions"),
    "--file": ("fragment", "attachment", "attach", "input-file"),
    "--explain": ("dry-run", "verbose", "why", "details", "debug"),
    "--by": ("group-by", "group", "per"),
    "--since": ("from", "start"),
    "--until": ("to", "end"),
    "--output": ("out", "out-file", "save", "file"),
    "--at": ("date", "when", "time"),
    "--input": ("input-tokens", "prompt-tokens"),
    "--provider": ("seller", "vendor"),
}
"""What other tools, and people, call an option."""
_MOST_CHARACTERS = 80
_A_SENTENCE_WORDS = 4


def said_here(command: str, typed: str, words: Sequence[str]) -> str | None:
    """What to type under `command` for the unknown word `typed`; None where nobody knows.

    `words` is the whole command line.
    """
    if command == "r1plan" and (card := card_said_here(words)):
        return card
    if command == "r1plan" and (question := _question(typed, words)):
        return f"to ask it: r1plan chat {question}"
    return next((hint for names, hint in _UNDER.get(command, {}).items() if typed.casefold() in names), None)


def card_said_here(words: Sequence[str]) -> str | None:
    """The command that plans for the card that `words` name, as `4090` or `2x rtx 3090`; None: they name none."""
    name = " ".join(words)
    if len(name) > _MOST_CHARACTERS or not any(each.isdigit() for each in name) or name.startswith("-"):
        return None
    from r1plan.catalog.load import load_hardware
    from r1plan.errors import R1PlanError
    from r1plan.hardware.names.cards import cards_of

    try:
        cards_of([name], load_hardware())
    except R1PlanError:
        return None
    return f"r1plan recommend --gpu {shlex.quote(name)}"


def option_said_here(typed: str, names: Sequence[str]) -> str | None:
    """Which of the options `names` is meant by one that another tool has, None where none is."""
    word = typed.lstrip("-").casefold().replace("_", "-")
    return next((name for name, others in _OPTIONS.items() if word in others and name in names), None)


def asking_for_help(words: Sequence[str], typed: str) -> list[str] | None:
    """The command line that is meant by `words`, which typer knows no command `typed` of; None: it is none of ours.

    >>> asking_for_help(["prices", "help", "list"], "help")
    ['prices', 'list', '--help']
    """
    at = list(words).index(typed) if typed in words else 0
    rest = [*words[:at], *words[at + 1 :]]
    match typed.casefold():
        case "help":
            return [*(each for each in rest if not each.startswith("-")), "--help"]
        case "version" if not rest:
            return ["--version"]
    return None


def _question(typed: str, words: Sequence[str]) -> str | None:
    """What seems to be a question in the place of a command, quoted for a shell."""
    is_plain = bool(words) and words[0] == typed and not any(each.startswith("-") for each in words)
    text = " ".join((" ".join(words) if is_plain else typed).split())
    if not (len(typed.split()) > 1 or text.endswith("?") or len(text.split()) >= _A_SENTENCE_WORDS):
        return None
    text = text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
    return shlex.quote(text) if any(each in text for each in '"$`\\!') else f'"{text}"'
