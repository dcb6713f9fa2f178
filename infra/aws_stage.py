"""What a deployment on AWS is told, checked before anything is made: `make deploy-aws` begins here.

python infra/aws_stage.py STAGE [OPTION]...

CloudFormation finds a wrong name after minutes, and osls takes a parameter that it does not know.
"""

import itertools
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

DEFAULT_REGION = "eu-central-1"
#: What CloudWatch Logs takes.
_LOG_DAYS = "1|3|5|7|14|30|60|90|120|150|180|365|400|545|731|1096|1827|2192|2557|2922|3288|3653"
_YES_OR_NO = (r"yes|no", "yes or no")
_COUNT = (r"[1-9]\d*", "a whole number from 1 on")
#: Of the template's parameters, those that an operator sets: the form of each, and its name.
PARAMETERS: dict[str, tuple[str, str]] = {
    "alarm_email": (r"|[^@\s]+@[^@\s]+", "an address like you@example.org, or nothing for nobody"),
    "warm": _YES_OR_NO,
    "log_days": (_LOG_DAYS, f"one of {_LOG_DAYS.replace('|', ', ')}"),
    # S3 takes no rule by which captures go before they move to cheaper storage, after 30 days.
    "capture_days": (r"3[1-9]|[4-9]\d|[1-9]\d{2,}", "a whole number of days from 31 on"),
    "statistics_seconds": _COUNT,
    "container_memory_mb": (
        r"51[2-9]|5[2-9]\d|[6-9]\d{2}|[1-9]\d{3}|10[01]\d{2}|102[0-3]\d|10240",
        "a whole number of megabytes from 512 to 10240, the most that Lambda gives",
    ),
    # These are for emulators and for a bundle that was laid out elsewhere.
    "runtime": (r".+", "a runtime of Lambda"),
    "artifact": (r".+", "the path of a bundle"),
    "on_aws": _YES_OR_NO,
}
#: A bucket has 63 characters for scienceops-STAGE-ACCOUNT-REGION, and no capitals. Roles of a stage
#: are for what is called scienceops-STAGE-…, which is why no stage's name may go on after a hyphen.
STAGE = re.compile(r"[a-z][a-z0-9]{0,23}")


#: Options of `osls deploy` and of ours; those of the first take a value. A profile is set by
#: AWS_PROFILE, which all steps of a deployment go by.
VALUED = ("param", "region")
BARE = ("verbose", "force", "conceal", "minify-template", "aws-s3-accelerate")
#: The Makefile keeps it from osls, by its beginning.
PYTHON = "--python="


def values_of(name: str, options: Sequence[str]) -> Iterator[str]:
    """What an option is given, as `--NAME=VALUE` or `--NAME VALUE`, as often as it is.

    >>> list(values_of("region", ["--region", "eu-west-1", "--verbose"]))
    ['eu-west-1']
    """
    for option, following in itertools.zip_longest(options, options[1:], fillvalue=""):
        word, equals, value = option.partition("=")
        if word == f"--{name}":
            yield value if equals else following


def region_of(options: Sequence[str]) -> str:
    """The region of a stage, as the template chooses it."""
    given = values_of("region", options)
    named = (os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION"))
    return next((region for region in (*given, *named) if region), DEFAULT_REGION)


def unknown_among(options: Sequence[str]) -> Iterator[str]:
    """The words that are no option, nor the value of one."""
    before = ""
    for word in options:
        name, equals, _ = word.partition("=")
        is_value = before in {f"--{option}" for option in VALUED}
        is_option = name in {f"--{option}" for option in (*VALUED, *BARE)}
        if not (is_value or is_option or word.startswith(PYTHON)):
            yield word
        before = "" if equals or is_value else name


def faults_of(stage: str, options: Sequence[str]) -> list[str]:
    """What is wrong with a stage's name, its options and parameters, each with what is wanted."""
    known = ", ".join((*(f"--{name}" for name in (*VALUED, *BARE)), f"{PYTHON}FOLDER"))
    faults = [f"OPTIONS: {word!r} is none; there are {known}" for word in unknown_among(options)]
    if not STAGE.fullmatch(stage):
        faults.append(
            f"STAGE={stage}: wanted at most 24 small letters and digits, a letter first, since the "
            "names of all that a stage has are made of it, and its roles go by them"
        )
    # Without a value the stage would go to the region of the shell, or to the default.
    faults += [
        f"--region={given}: wanted a region, such as {DEFAULT_REGION}"
        for given in values_of("region", options)
        if not given or given.startswith("-")
    ]
    for given in values_of("param", options):
        name, equals, value = given.partition("=")
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            faults.append(f"--param={given}: wanted NAME=VALUE, where NAME is one of {known}")
            continue
        form, wanted = PARAMETERS[name]
        if not (equals and re.fullmatch(form, value)):
            faults.append(f"--param={given}: wanted {name}=VALUE, where VALUE is {wanted}")
    faults += [
        f"{word}: wanted the folder of a Python, with bin/python3 in it"
        for word in options
        if word.startswith(PYTHON)
        and not (Path(word.removeprefix(PYTHON)) / "bin/python3").exists()
    ]
    return faults


def account_of(region: str) -> str:
    """The number of the account that this shell's credentials are of; raises SystemExit with what
    to do when there are none, or none that are taken."""
    import boto3
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        InvalidRegionError,
        UnknownRegionError,
    )
    from botocore.exceptions import ConnectionError as NotReached

    try:
        session = boto3.Session(region_name=region)
        session.get_partition_for_region(region)
        client: Any = session.client("sts")
        return str(client.get_caller_identity()["Account"])
    except (UnknownRegionError, InvalidRegionError) as error:
        raise SystemExit(
            f"region {region!r}: {error}\n"
            "Set AWS_DEFAULT_REGION, or --region among OPTIONS, to one such as eu-central-1."
        ) from None
    except NotReached as error:
        raise SystemExit(
            f"no AWS account is reached in region {region!r}: {error}\n"
            "Is there such a region (AWS_DEFAULT_REGION, or --region among OPTIONS), and a network?"
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(
            f"no AWS account is reached: {error}\n"
            "Sign in (`aws configure`, `aws sso login`, or set AWS_PROFILE), until "
            "`aws sts get-caller-identity` answers."
        ) from None


def main(stage: str, options: Sequence[str]) -> int:
    """Refuse what could not be deployed; say where the stage goes."""
    faults = faults_of(stage, options)
    if faults:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        return 2
    region = region_of(options)
    account = account_of(region)
    sys.stdout.write(f"scienceops-{stage} in account {account}, {region}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
