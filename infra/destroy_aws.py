"""Take a stage down: `python infra/destroy_aws.py STAGE OSLS [OPTION]...` (`make destroy-aws`).

First what ScienceOps itself has started, which CloudFormation knows nothing of, then the stack.
Data is kept: it is said what, why, and how to delete it for good.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3

from infra.aws_application import stop_application
from infra.aws_cluster import empty_cluster
from infra.aws_stage import BARE, PYTHON, account_of, faults_of, region_of
from scienceops.bootstrap import connect
from scienceops.config import Settings, load_settings
from scienceops.ports.service_runtime import ServiceRuntime

INFRA = Path(__file__).resolve().parent
LONGEST_SECONDS = 300
PAUSE_SECONDS = 5
KEPT = """
Kept, for none of it can be made again:
  s3://{bucket}   packages, versions, captures, labels, frozen training sets
  DynamoDB {prefix}registry   which version was live when, and who decided it
  DynamoDB {prefix}statistics   every day's statistics
  ECR {prefix}images   what each version was served by, known by its digest
  Secrets Manager {prefix}*   the owner's token, and what proves where request ids come from

To delete it for good:
  the bucket: "Empty" and "Delete" in the console of S3, for it keeps overwritten versions, and
  `aws s3 rm` leaves them
  aws dynamodb delete-table --table-name {prefix}registry
  aws dynamodb delete-table --table-name {prefix}statistics
  aws ecr delete-repository --force --repository-name {prefix}images
  and each secret, {prefix}owner-token among them, at once: it keeps its name for a month otherwise,
  and a stage of this name could not make it again
    aws secretsmanager list-secrets --filters Key=name,Values={prefix} --query "SecretList[].Name"
    aws secretsmanager delete-secret --force-delete-without-recovery --secret-id NAME
To deploy this stage again on what is kept, see docs/aws.md, "Teardown".
"""


def outputs_of(stack: str) -> dict[str, str]:
    """The outputs of a stack; raises SystemExit when there is none of this name."""
    client: Any = boto3.client("cloudformation")
    try:
        [found] = client.describe_stacks(StackName=stack)["Stacks"]
    except client.exceptions.ClientError as error:
        region = client.meta.region_name
        raise SystemExit(
            f"no stack {stack} here, in {region}: {error}\n"
            "Another region is told by OPTIONS=--region=REGION, another stage by STAGE=NAME."
        ) from None
    return {told["OutputKey"]: told["OutputValue"] for told in found.get("Outputs", [])}


def stop_services(runtime: ServiceRuntime) -> None:
    """Stop every scorer, also one that failed: ECS keeps its service, and starts it on and on."""
    end = time.monotonic() + LONGEST_SECONDS
    while running := runtime.deployments():
        if time.monotonic() > end:
            names = ", ".join(f"{status.service}:{status.version}" for status in running)
            raise SystemExit(f"still running: {names}; look at them in the console, then try again")
        for status in running:
            sys.stdout.write(f"stopping {status.service}:{status.version}\n")
            runtime.stop(status.service, status.version)
        time.sleep(PAUSE_SECONDS)


def settings_of(stage: str, bucket: str) -> Settings:
    """The settings under which this stage runs."""
    return load_settings(
        {
            "SCIENCEOPS_CLOUD": "aws",
            "SCIENCEOPS_AWS_BUCKET": bucket,
            "SCIENCEOPS_AWS_PREFIX": f"scienceops-{stage}-",
        }
    )


def main(stage: str, osls: str, options: list[str]) -> int:
    """Stop the clock and the services, remove the stack, tell what is kept."""
    faults = faults_of(stage, options)
    if faults:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        return 2
    prefix = f"scienceops-{stage}-"
    # Where the stage was deployed, for every client from here on and for osls.
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region_of(options)
    account = account_of(region_of(options))
    outputs = outputs_of(f"scienceops-{stage}")
    bucket = outputs.get("BucketName", "")
    if bucket:
        stop(stage, bucket)
        if application := outputs.get("StatisticsApplication"):
            stop_application(application)
    else:
        sys.stdout.write(f"scienceops-{stage} was never deployed whole, so nothing of it runs\n")
    done = subprocess.run(
        [osls, "remove", "--stage", stage, *removal_options(options)],
        cwd=INFRA,
        check=False,
    )
    if done.returncode == 0:
        bucket = bucket or f"{prefix}{account}-{region_of(options)}"
        sys.stdout.write(KEPT.format(bucket=bucket, prefix=prefix))
    return done.returncode


def stop(stage: str, bucket: str) -> None:
    """Stop the clock, then the scorers, which the next tick would start again, and the jobs; wait
    until each scorer has shipped its captures, which it does by a role of the stack."""
    events: Any = boto3.client("events")
    # A teardown that was broken off may have deleted the rule.
    with contextlib.suppress(events.exceptions.ResourceNotFoundException):
        events.disable_rule(Name=f"scienceops-{stage}-tick")
    settings = settings_of(stage, bucket)
    stop_services(connect(settings).runtime)
    empty_cluster(settings)


def removal_options(options: list[str]) -> list[str]:
    """Of the options of a deployment those that osls takes for a removal, too.

    >>> removal_options(["--region", "eu-west-1", "--force", "--python=/opt/python"])
    ['--region', 'eu-west-1']
    """
    left_out = {f"--{name}" for name in BARE if name != "verbose"}
    return [word for word in options if word not in left_out and not word.startswith(PYTHON)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
