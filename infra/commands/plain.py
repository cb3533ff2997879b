"""Groups of commands that say what the business refuses in a sentence."""

from typing import Any

import click

from kernel.errors import DomainError


class PlainSpoken(click.Group):
    """Whatever a command of the group is refused is a sentence on the terminal, not a stack trace."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except DomainError as error:
            raise click.ClickException(str(error)) from error
