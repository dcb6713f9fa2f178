"""The `scienceops` command: its subcommands, and how its errors look."""

import json
import sys

import click

from scienceops import __version__
from scienceops.errors import ScienceOpsError, ServiceNotFound

#: What a script may learn from the exit code.
REFUSED = 1
NOT_FOUND = 3
TRY_AGAIN = 4

#: Command -> module of the same name under scienceops.cli, imported when it is used.
COMMANDS = {
    "alerts": "Which alerts of a service are firing, and what was sent of them.",
    "approve": "Let a proved version be live.",
    "demo": "See the whole loop run on Iris, in a folder of its own.",
    "doctor": "What this machine has and lacks for ScienceOps.",
    "flag": "Say of captured rows that they are wrong, or worth learning from.",
    "gc": "What takes room and is of no more use, and delete it.",
    "history": "What happened to a service, and what was live when.",
    "init": "Make a project folder to train and pack a model of your own.",
    "keys": "Make, list and revoke a service's API keys.",
    "labels": "Tell a service what the rows it scored turned out to be.",
    "lineage": "From one prediction back to what it came from.",
    "messages": "What the queues have set aside: look, send it anew or delete it.",
    "pack": "Make a package of a trained model.",
    "policy": "What may be decided for a service without a new model.",
    "push": "Upload a package.",
    "reject": "Turn a version down for good.",
    "retrain": "Make a candidate from captured and labelled rows.",
    "retry": "Take a failed version through its steps again.",
    "rollback": "One step back to the version that was live before.",
    "score": "Score the rows of a file with a service.",
    "stats": "What the statistics say about a service's data.",
    "status": "Services, versions, rejected packages and runs.",
    "tokens": "Make a named token for managing services.",
    "traffic": "Divide the calls of a service between versions.",
    "train": "Run a project's train.py and keep the result for pack.",
    "up": "Run the platform on this machine.",
}


class LazyGroup(click.Group):
    """Imports a subcommand when it is used, so that `scienceops --help` answers at once."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Every subcommand, sorted."""
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, from the module that bears its name."""
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"scienceops.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that the words name; one that is not there is told with its like."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            name = error.command_name
            raise click.exceptions.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scienceops")
def cli() -> None:
    """From a trained model to a watched service.

    First time here? `scienceops demo` shows the whole loop in about a minute.

    A model of your own: `scienceops init NAME`, and in its folder `train`, `pack`, `push FILE`.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not found, 4 not now (try again).
    """


def main() -> None:
    """Run the command; a known error is one readable line, with the exit code of its kind."""
    as_json = "--json" in sys.argv
    try:
        code = cli.main(standalone_mode=False)
        # Outside of its standalone mode click hands the code of an early exit back.
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ScienceOpsError as error:
        _tell(error, str(_with_near_name(error)), as_json=as_json)
        sys.exit({404: NOT_FOUND, 503: TRY_AGAIN}.get(error.http_status, REFUSED))
    except BrokenPipeError:
        sys.exit(REFUSED)
    except OSError as error:
        # A place that cannot be read or written is told by its name; the network's have none.
        if error.filename is None:
            raise
        why = (error.strerror or "no reason was given").lower()
        told = f"{error.filename} cannot be used ({why}): name another place, or let it be used"
        _tell(error, told, as_json=as_json)
        sys.exit(REFUSED)
    except Exception as error:
        told = _explained(error)
        if not told:
            raise
        _tell(error, told, as_json=as_json)
        sys.exit(REFUSED)


def _with_near_name(error: ScienceOpsError) -> ScienceOpsError:
    """The same error; of a service that is not there with the name that may be meant.

    Whoever has the command line has the owner's token, and may know which services there are.
    """
    if not isinstance(error, ServiceNotFound):
        return error
    import difflib

    from scienceops.cli.session import app

    names = [str(service["name"]) for service in app().services()]
    return ServiceNotFound(error.name, difflib.get_close_matches(error.name, names, n=1))


def _tell(error: Exception, told: str, *, as_json: bool) -> None:
    click.echo(f"scienceops: {told}", err=True)
    if as_json:
        click.echo(json.dumps({"error": type(error).__name__, "detail": told}))


def _explained(error: Exception) -> str:
    """What a cloud's SDK says, with the next step; empty when the fault is ours."""
    from scienceops.bootstrap import explain
    from scienceops.config import load_settings

    return explain(error, load_settings())
