"""The entry. `flow run FILE` of the plainest form goes to its command directly, so that it does not pay for the full command line;
everything else, help and wrong usage too, goes to the typer application, which has the same command.
"""

import sys


def main() -> None:
    from flow_cli.quick import quick_run

    arguments = sys.argv[1:]
    request = quick_run(arguments)
    if request is not None:
        from flow_cli.commands.run import run

        sys.exit(run(request))
    from flow_cli.app import app

    app(prog_name="flow")


if __name__ == "__main__":
    main()
