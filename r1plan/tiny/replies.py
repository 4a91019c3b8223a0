"""What r1-tiny says when it is not asked for small arithmetic: what it is, and the command for a real model."""

from dataclasses import dataclass
from typing import Literal

from r1plan.tiny.working import Language

Topic = Literal["other", "larger", "greeting", "thanks", "who", "not"]

COMMAND = "r1plan models pull"
"""The command every such reply names; it downloads a real model."""


@dataclass(frozen=True, slots=True)
class CannedReply:
    """What is thought and what is said."""

    thinking: str
    answer: str


ABOUT: dict[Language, str] = {
    "en": "I am r1-tiny, a small demonstration model that only does small arithmetic, such as 17 + 25 or 12 × 34",
    "zh": "我是 r1-tiny，一个只会小数目算术的演示模型，例如 17 + 25 或 12 × 34",
}
REAL: dict[Language, str] = {"en": f"To get a real model, run: {COMMAND}", "zh": f"想用真正的模型，请运行：{COMMAND}"}
REPLIES: dict[Language, dict[Topic, CannedReply]] = {
    "en": {
        "other": CannedReply(
            "This is not small arithmetic, and that is all I know.",
            f"I cannot answer that. {ABOUT['en']}. {REAL['en']}",
        ),
        "larger": CannedReply(
            "This is arithmetic, but beyond what I have learned: whole numbers, sums and differences up to 9999, "
            "products up to 999 × 99.",
            "That is beyond me. I am r1-tiny, a small demonstration model: whole numbers only, sums and differences "
            f"up to 9999, products up to 999 × 99. {REAL['en']}",
        ),
        "greeting": CannedReply("This is a greeting. I say what I am.", f"Hello! {ABOUT['en']}. {REAL['en']}"),
        "thanks": CannedReply(
            "There is nothing to work out here.", f"Ask me a small sum, such as 17 + 25. {REAL['en']}"
        ),
        "who": CannedReply(
            "This is about me. I say what I am.",
            f"{ABOUT['en']}. I come with r1plan and I am not DeepSeek R1. {REAL['en']}",
        ),
        "not": CannedReply(
            "This asks whether I am, or can do, something larger. I am only r1-tiny.",
            f"No. {ABOUT['en']}. {REAL['en']}",
        ),
    },
    "zh": {
        "other": CannedReply("这不是小数目的算术，我只会那个。", f"这个我答不了。{ABOUT['zh']}。{REAL['zh']}"),
        "larger": CannedReply(
            "这是算术，但超出了我学过的范围。",
            "这个超出了我的范围。我是 r1-tiny，一个小小的演示模型：只会整数，加减到 9999，乘法到 999 × 99。"
            + REAL["zh"],
        ),
        "greeting": CannedReply("这是问候。我说明自己是什么。", f"你好！{ABOUT['zh']}。{REAL['zh']}"),
        "thanks": CannedReply("这里没有要算的。", f"可以问我一道小算术，例如 17 + 25。{REAL['zh']}"),
        "who": CannedReply(
            "这是在问我自己。我说明自己是什么。", f"{ABOUT['zh']}，随 r1plan 附带，不是 DeepSeek R1。{REAL['zh']}"
        ),
        "not": CannedReply("这是在问我是不是别的、更大的模型。我只是 r1-tiny。", f"不是。{ABOUT['zh']}。{REAL['zh']}"),
    },
}
