"""A stand-in for the `aws` of a build: asks ECR for a password, as `aws ecr get-login-password`."""

import base64
import sys

import boto3


def main() -> None:
    if sys.argv[1:3] != ["ecr", "get-login-password"]:
        sys.exit(f"aws: this stand-in knows `ecr get-login-password` alone, not {sys.argv[1:]}")
    [login] = boto3.client("ecr").get_authorization_token()["authorizationData"]
    told = base64.b64decode(login["authorizationToken"]).decode()
    sys.stdout.write(told.partition(":")[2] + "\n")


if __name__ == "__main__":
    main()
