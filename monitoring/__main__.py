"""`python -m monitoring`: the commands, one module each."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from monitoring import commands
from monitoring.errors import CannotHave, InvalidInput


class _Commands(click.Group):
    """Loads a command's module only when it is called or listed, and tells bad input without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the modules, sorted; with hyphens, as commands have."""
        modules = (module.name for module in pkgutil.iter_modules(commands.__path__))
        return sorted(name.replace("_", "-") for name in modules if name[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the module of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run; problems go to standard error, one a line, exit code 1, and 2 where a tool or a chart is missing."""
        try:
            return super().invoke(ctx)
        except InvalidInput as invalid:
            click.echo(str(invalid), err=True)
            ctx.exit(1)
        except CannotHave as missing:
            click.echo(str(missing), err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Oversight's monitoring: describe, check and render what shall run."""


if __name__ == "__main__":
    sys.exit(main(prog_name="monitoring"))
