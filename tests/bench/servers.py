"""What servers were measured to do, against what the rows of other systems predict of it.

Beside ours stands the formula of peers, who give every server the same share of its cards' bandwidth: what a token
reads over 0.55 of it, however many ask.
"""

from __future__ import annotations

from r1plan.plan.serving.fit.design import Made
from r1plan.plan.serving.fit.errors import left_out, quantile
from tests.plan.serving.measured import made

_PEERS_SHARE = 0.55
_MANY = 64


def run() -> None:
    """Print, a system a line, the errors where its own rows were left out of the fit."""
    print("\nservers: error of the time per token, each system predicted from the others")
    print(f"{'system':<12}{'rows':>6}{'median':>9}{'9 in 10':>9}{'peers':>9}{'9 in 10':>9}{'total at 64':>13}")
    for system in sorted({each.row.system for each in made()}):
        predicted = left_out(made(), lambda each: each.row.system, system)
        ours = [each.error for each in predicted]
        peers = [abs(_peers_s(each.made) / each.made.row.token_s - 1) for each in predicted]
        many = [each.total_error for each in predicted if each.made.row.at_once == _MANY]
        total = f"{quantile(many, 0.5):>13.1%}" if many else f"{'-':>13}"
        shares = [quantile(errors, level) for errors in (ours, peers) for level in (0.5, 0.9)]
        print(f"{system:<12}{len(ours):>6}" + "".join(f"{share:>9.1%}" for share in shares) + total)


def _peers_s(each: Made) -> float:
    """What one request's token reads at full speed, over the share."""
    row = each.row
    experts = each.causes.get("experts", 0.0)
    if experts:
        share = 8 / 256  # of the experts those that one token goes to
        experts *= share / (1 - (1 - share) ** row.at_once)
    return (each.causes["weights"] + experts) / _PEERS_SHARE
