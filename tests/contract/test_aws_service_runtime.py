"""AwsServiceRuntime keeps the promises of the runtime on Lambda.

The stand-in for Lambda runs the real runtime client with the real scorer.
"""

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from contract.aws_service_runtime import AwsRuntimeContract
from contract.waiting import wait_for
from emulators.account import Account
from emulators.model_images import push_image
from models import iris_rows

from scienceops.adapters.aws.service_runtime import AwsServiceRuntime
from scienceops.bodies import Body, FileBody, gather
from scienceops.core.access import hash_key
from scienceops.errors import ScorerHidden, ServiceNotReady
from scienceops.ports.service_runtime import DeployOrder, Observed

KEY = "the gateway's key"


class TestOnLambda(AwsRuntimeContract):
    @pytest.fixture
    def order(self, stand_ins: Any, package: Path, broken: Path) -> Callable[..., DeployOrder]:
        def make_order(version: int = 1, behaviour: str = "") -> DeployOrder:
            held = broken if behaviour else package
            image = push_image(stand_ins.registry, held, version=version)
            return DeployOrder("iris", version, image, "", "", hash_key(KEY), {})

        return make_order

    def large_body(self) -> bytes:
        return json.dumps({"input_df": iris_rows() * 120}).encode()

    def answer_to(self, runtime: AwsServiceRuntime, endpoint: str, body: Body) -> Any:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        reply = runtime.call(endpoint, "POST", "/score", headers=headers, body=body)
        return json.loads(reply.content)["predictions"]

    def score(self, runtime: AwsServiceRuntime, endpoint: str) -> Any:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        body = json.dumps({"input_df": iris_rows()[:3]}).encode()
        return runtime.call(endpoint, "POST", "/score", headers=headers, body=body)

    def test_what_is_answered_is_in_the_bucket(self, runtime, order, store, tmp_path) -> None:
        endpoint = self.start(runtime, order())
        ids = []
        for _ in range(5):
            reply = self.score(runtime, endpoint)
            assert reply.status == 200, reply.body
            ids.append(json.loads(reply.body)["request_id"])
            # Looked for at once: a sandbox may be frozen as soon as it has answered.
            keys = [info.key for info in store.scan("captures/iris/1/")]
            assert len(keys) == len(ids)
        found = []
        for key in keys:
            store.download(key, tmp_path / "segment")
            found += pq.read_table(tmp_path / "segment")["request_id"].to_pylist()
        assert sorted(set(found)) == sorted(ids)
        assert len(found) == 3 * len(ids)

    def test_sandboxes_that_are_killed_take_nothing_with_them(
        self, runtime, order, store, stand_ins
    ) -> None:
        endpoint = self.start(runtime, order())
        for number in range(1, 4):
            assert self.score(runtime, endpoint).status == 200
            stand_ins.functions.kill_sandboxes()
            assert len(list(store.scan("captures/iris/1/"))) == number

    def test_a_call_whose_record_the_bucket_does_not_take_is_not_answered(
        self, runtime, order, account
    ) -> None:
        endpoint = self.start(runtime, order())
        account.client("s3").delete_bucket(Bucket=self.emptied(account))
        reply = self.score(runtime, endpoint)
        assert (reply.status, "retry-after" in reply.headers) == (503, True)

    def emptied(self, account: Account) -> str:
        s3 = account.client("s3")
        for one in s3.list_objects_v2(Bucket=account.bucket).get("Contents", ()):
            s3.delete_object(Bucket=account.bucket, Key=one["Key"])
        return account.bucket

    def test_a_call_is_answered_before_its_caller_gives_up_on_a_bucket_that_hangs(
        self, runtime, order, monkeypatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as never_answers:
            endpoint = self.start(runtime, order())
            url = f"http://127.0.0.1:{never_answers.getsockname()[1]}"
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
            # Of two sandboxes the one that was ready before has the bucket of then.
            assert {self.score(runtime, endpoint).status for _ in range(2)} == {200, 503}

    def test_a_service_that_captures_nothing_captures_nothing(self, runtime, order, store) -> None:
        endpoint = self.start(runtime, replace(order(), settings={"SCORER_CAPTURE": "off"}))
        assert self.score(runtime, endpoint).status == 200
        assert not list(store.scan("captures/"))

    def test_a_scorer_takes_calls_of_its_gateway_only(self, runtime, order) -> None:
        endpoint = self.start(runtime, order())
        reply = runtime.call(endpoint, "POST", "/score", headers={}, body=b"{}")
        assert reply.status == 401

    def test_a_body_that_lambda_does_not_carry_is_refused(self, runtime, order) -> None:
        endpoint = self.start(runtime, order())
        reply = runtime.call(endpoint, "POST", "/score", headers={}, body=b" " * 5_000_000)
        assert reply.status == 413
        assert b"runtime = fargate" in reply.content

    def test_nothing_is_read_of_a_file_that_lambda_does_not_carry(
        self, runtime, order, stand_ins, monkeypatch
    ) -> None:
        endpoint = self.start(runtime, order())
        asked = stand_ins.functions.invocations
        monkeypatch.setattr(FileBody, "__iter__", lambda _: pytest.fail("it was read"))
        reply = runtime.call(
            endpoint, "POST", "/score", headers={}, body=gather([b" " * 5_000_000])
        )
        assert (reply.status, stand_ins.functions.invocations) == (413, asked)

    def test_a_call_that_may_have_been_scored_is_not_made_again(
        self, runtime, order, stand_ins, store
    ) -> None:
        endpoint = self.start(runtime, order())
        stand_ins.functions.loses_answers = True
        asked = stand_ins.functions.invocations
        with pytest.raises(ServiceNotReady):
            self.score(runtime, endpoint)
        assert stand_ins.functions.invocations == asked + 1
        assert len(list(store.scan("captures/iris/1/"))) == 1

    def test_a_call_that_lambda_turns_away_is_told_as_one_that_was_not_made(
        self, runtime, order, stand_ins
    ) -> None:
        endpoint = self.start(runtime, order())
        asked = stand_ins.functions.invocations
        stand_ins.functions.throttles = True
        # A proof is taken again for it, where any other failure fails the version.
        with pytest.raises(ScorerHidden, match="Rate Exceeded"):
            self.score(runtime, endpoint)
        assert stand_ins.functions.invocations == asked

    def test_a_start_that_takes_too_long_is_followed_by_another(
        self, runtime, order, stand_ins
    ) -> None:
        runtime.start(order())
        [function] = stand_ins.functions.functions.values()
        allowed, function["Timeout"] = function["Timeout"], 0.01
        late = wait_for(
            lambda: runtime.status("iris", 1),
            lambda status: status.observed is Observed.FAILED or "too long" in status.reason,
        )
        assert (late.observed, "Task timed out" in late.reason) == (Observed.STARTING, True)
        function["Timeout"] = allowed
        self.wait_until(runtime, Observed.READY)

    def test_one_that_was_ready_is_not_woken_by_a_look(self, runtime, order, stand_ins) -> None:
        self.start(runtime, order())
        asked = stand_ins.functions.invocations
        assert runtime.status("iris", 1).observed is Observed.READY
        assert stand_ins.functions.invocations == asked

    def test_a_start_that_was_broken_off_is_made_again(
        self, make, runtime, order, monkeypatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(*_: Any) -> None:
            raise Killed

        dying = make()
        monkeypatch.setattr(dying._lambda, "start", die)
        with pytest.raises(Killed):
            dying.start(order())
        # One that is stopped is started by whoever looks next; one that failed fails its version.
        assert runtime.status("iris", 1).observed is Observed.STOPPED
        self.start(runtime, order())

    def test_the_largest_package_has_room_where_it_is_unpacked(
        self, account, runtime, order, stand_ins
    ) -> None:
        runtime.start(order())
        [function] = stand_ins.functions.functions.values()
        # Source: AWS, EphemeralStorage: /tmp has 512 MB unless it is told, and 10,240 at most.
        size = function["EphemeralStorage"]["Size"]
        assert account.settings.upload_limit_bytes / 1024**2 < size <= 10_240

    def test_a_function_begins_with_the_python_of_its_image_by_its_whole_path(
        self, runtime, order, stand_ins
    ) -> None:
        runtime.start(order())
        [function] = stand_ins.functions.functions.values()
        program = function["ImageConfig"]["EntryPoint"][0]
        home = Path(program).parents[1]
        dockerfile = (Path(__file__).parents[2] / "scorer_container/Dockerfile").read_text()
        assert f"COPY --from=lean {home} {home}\n" in dockerfile
        assert f"RUN {program} " in dockerfile

    def test_an_image_that_is_not_there_is_told(self, runtime, order) -> None:
        lost = replace(order(), image=f"{order().image.partition('@')[0]}@sha256:{'0' * 64}")
        runtime.start(lost)
        assert "does not exist" in self.wait_until(runtime, Observed.FAILED).reason

    def test_another_function_sees_and_calls_what_one_started(self, make, order) -> None:
        endpoint = self.start(make(), order())
        assert make().status("iris", 1).endpoint == endpoint
        assert self.get(make(), endpoint).status == 200
