"""What an AWS call needs to be allowed, and what the roles of the template allow.

Between the two lies IAM, which no emulator here enforces; so calls are recorded and compared.
"""

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any

REGION, ACCOUNT = "us-east-1", "000000000000"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}

#: Operations whose permission has another name.
_RENAMED = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "lambda:Invoke": "lambda:InvokeFunction",
}
#: Parameters that give a role to what a call makes; who calls must be allowed to.
_PASSES = frozenset({"Role", "executionRoleArn", "taskRoleArn"})
#: Calls that need no permission of their own.
_FREE = {"sts:GetCallerIdentity"}


def needed(call: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The (action, ARN) pairs that a recorded call needs."""
    service, operation, given = call["service"], call["operation"], call["parameters"]
    name = f"{service}:{operation}"
    if name in _FREE:
        return
    if name == "s3:CopyObject":
        source = given["CopySource"]
        yield "s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"
        yield "s3:PutObject", f"arn:aws:s3:::{given['Bucket']}/{given['Key']}"
    elif name == "dynamodb:TransactWriteItems":
        for item in given["TransactItems"]:
            [(kind, told)] = item.items()
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield f"dynamodb:{action}", _table(told["TableName"])
    elif name in ("dynamodb:BatchWriteItem", "dynamodb:BatchGetItem"):
        for table in given["RequestItems"]:
            yield name, _table(table)
    else:
        yield _RENAMED.get(name, name), _resource(name, service, given)
    for field in _PASSES & given.keys():
        yield "iam:PassRole", given[field]


def _resource(name: str, service: str, given: Mapping[str, Any]) -> str:
    place = _RESOURCES.get(name) or _RESOURCES.get(service)
    return place(given) if place else "*"


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def _table(name: str) -> str:
    return _arn("dynamodb", f"table/{name}")


def _bucket(given: Mapping[str, Any]) -> str:
    key = given.get("Key")
    return f"arn:aws:s3:::{given['Bucket']}" + (f"/{key}" if key else "")


def _queue(given: Mapping[str, Any]) -> str:
    name = given.get("QueueName") or given["QueueUrl"].rpartition("/")[2]
    return _arn("sqs", name)


def _secret(given: Mapping[str, Any]) -> str:
    # Secrets Manager adds six characters of its own to a name.
    return _arn("secretsmanager", f"secret:{given.get('SecretId') or given['Name']}-a1b2c3")


def _application(given: Mapping[str, Any]) -> str:
    run = given.get("jobRunId")
    rest = f"/applications/{given['applicationId']}" + (f"/jobruns/{run}" if run else "")
    return _arn("emr-serverless", rest)


def _stream(given: Mapping[str, Any]) -> str:
    return _arn("logs", f"log-group:{given['logGroupName']}:log-stream:{given['logStreamName']}")


def _definition(name: str) -> str:
    return _arn("ecs", f"task-definition/{name}")


#: By operation, or else by service: the resource that a call is about.
_RESOURCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "s3": _bucket,
    "sqs": _queue,
    "dynamodb": lambda given: _table(given["TableName"]),
    "secretsmanager": _secret,
    "lambda": lambda given: _arn("lambda", f"function:{given['FunctionName']}"),
    "codebuild:StartBuild": lambda given: _arn("codebuild", f"project/{given['projectName']}"),
    "codebuild:BatchGetBuilds": lambda given: _arn(
        "codebuild", f"project/{given['ids'][0].partition(':')[0]}"
    ),
    "ecs:RegisterTaskDefinition": lambda given: _definition(f"{given['family']}:1"),
    "ecs:RunTask": lambda given: _definition(f"{given['taskDefinition']}:1"),
    "ecs:DescribeTasks": lambda given: str(given["tasks"][0]),
    "ecs:StopTask": lambda given: str(given["task"]),
    "ecr:GetAuthorizationToken": lambda given: "*",
    "ecr": lambda given: _arn("ecr", f"repository/{given['repositoryName']}"),
    "emr-serverless": _application,
    "logs": _stream,
}


class Roles:
    """The roles of a packaged template: what each allows, with every name written out."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources = template["Resources"]

    def allowed(self, role: str) -> list[tuple[str, str]]:
        """(action, ARN pattern) pairs of a role."""
        policies = self._resources[role]["Properties"]["Policies"]
        return [
            (action, self._text(resource))
            for policy in policies
            for told in policy["PolicyDocument"]["Statement"]
            if told["Effect"] == "Allow"
            for action in _listed(told["Action"])
            for resource in _listed(told["Resource"])
        ]

    def role_of(self, caller: str) -> str:
        """The logical name of the role that a function, or a role of this name, calls by."""
        for name, made in self._resources.items():
            told = made.get("Properties", {})
            if made["Type"] == "AWS::Lambda::Function" and told["FunctionName"] == caller:
                return str(told["Role"]["Fn::GetAtt"][0])
            if made["Type"] == "AWS::IAM::Role" and self._text(told["RoleName"]) == caller:
                return str(name)
        raise AssertionError(f"neither a function nor a role is called {caller}")

    def names(self) -> list[str]:
        """The logical names of all roles that our own code or a service of AWS calls by."""
        made = self._resources.items()
        return [name for name, told in made if told["Type"] == "AWS::IAM::Role"]

    def refused(self, role: str, call: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What the call needs and the role does not allow."""
        allowed = self.allowed(role)
        return [
            (action, arn)
            for action, arn in needed(call)
            if not any(action == given and covers(pattern, arn) for given, pattern in allowed)
        ]

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        [(kind, told)] = value.items()
        if kind == "Fn::Sub":
            return self._filled(told)
        if kind == "Fn::GetAtt":
            return self._arn_of(told[0]) if told[1] == "Arn" else f"*{told[0]}*"
        if kind == "Ref":
            return PSEUDO[told] if told in PSEUDO else self._name_of(told)
        raise AssertionError(f"no rule for {kind}")

    def _filled(self, text: str) -> str:
        for name, value in PSEUDO.items():
            text = text.replace(f"${{{name}}}", value)
        while "${" in text:
            before, _, rest = text.partition("${")
            name, _, after = rest.partition("}")
            logical, _, attribute = name.partition(".")
            text = before + (self._arn_of(logical) if attribute else self._name_of(logical)) + after
        return text

    def _name_of(self, logical: str) -> str:
        made = self._resources[logical]
        field = _NAMES[made["Type"]]
        # What is named by CloudFormation itself may be called anything.
        return self._text(made["Properties"][field]) if field else "*"

    def _arn_of(self, logical: str) -> str:
        made = self._resources[logical]
        return _ARNS[made["Type"]](self._name_of(logical))


#: Type -> the property that holds its name, "" when AWS chooses it.
_NAMES: Mapping[str, str] = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::EMRServerless::Application": "",
}
_ARNS: Mapping[str, Callable[[str], str]] = {
    "AWS::S3::Bucket": lambda name: f"arn:aws:s3:::{name}",
    "AWS::SQS::Queue": lambda name: _arn("sqs", name),
    "AWS::DynamoDB::Table": _table,
    "AWS::IAM::Role": lambda name: f"arn:aws:iam::{ACCOUNT}:role/{name}",
    "AWS::Logs::LogGroup": lambda name: _arn("logs", f"log-group:{name}:*"),
    "AWS::ECR::Repository": lambda name: _arn("ecr", f"repository/{name}"),
    "AWS::CodeBuild::Project": lambda name: _arn("codebuild", f"project/{name}"),
    "AWS::ECS::Cluster": lambda name: _arn("ecs", f"cluster/{name}"),
    "AWS::EMRServerless::Application": lambda name: _arn("emr-serverless", f"/applications/{name}"),
}


def covers(pattern: str, arn: str) -> bool:
    """Whether a resource of a policy covers an ARN; `*` and `?` are IAM's."""
    return arn == "*" or fnmatch.fnmatchcase(arn, pattern.replace("[", "[[]"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
