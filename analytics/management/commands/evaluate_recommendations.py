from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.services import judging


def share(text: str) -> float:
    try:
        value = float(text)
    except ValueError as problem:
        raise ArgumentTypeError("a number between 0 and 1") from problem
    if not 0 < value < 1:
        raise ArgumentTypeError("a number between 0 and 1")
    return value


class Command(BaseCommand):
    help = "Guess the latest orders from the earlier ones, and compare with plain popularity."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--share", type=share, default=0.2, help="of the orders held out (0.2)"
        )

    def handle(self, *args: Any, share: float, **options: Any) -> None:
        trial = judging.evaluate(share=share)
        if not trial.verdicts:
            raise CommandError("There are too few paid orders to hold any out.")
        self.stdout.write(f"{'guesser':<24}{'hit rate':>10}{'coverage':>10}{'tries':>8}")
        for one in trial.verdicts:
            self.stdout.write(
                f"{one.name:<24}{one.hit_rate:>10.1%}{one.coverage:>10.1%}{one.tries:>8}"
            )
        best = max(trial.verdicts, key=lambda one: one.hit_rate)
        self.stdout.write(
            f"{trial.held_out} orders since {trial.cut:%Y-%m-%d %H:%M} held out, "
            f"{trial.trained} learned from, {judging.GUESSES} guesses each: "
            f"best is {best.name}."
        )
