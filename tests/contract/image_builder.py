"""What every ImageBuilder promises. Inherit it, give `builder`, `good_order` and `bad_order`."""

from collections.abc import Callable

import pytest
from contract.waiting import wait_for

from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus, ImageBuilder


class ImageBuilderContract:
    #: How long the platform may take to build an image.
    patience_seconds = 120.0

    @pytest.fixture
    def builder(self) -> ImageBuilder:
        raise NotImplementedError

    @pytest.fixture
    def good_order(self) -> Callable[[str], BuildOrder]:
        """Makes the order of a build that succeeds, by its key."""
        raise NotImplementedError

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        """Makes the order of a build whose requirements nothing can satisfy, by its key."""
        raise NotImplementedError

    def end_of(self, builder: ImageBuilder, build_id: str) -> BuildStatus:
        return wait_for(
            lambda: builder.status(build_id),
            lambda status: status.state is not BuildState.RUNNING,
            seconds=self.patience_seconds,
        )

    def test_a_build_that_succeeds_gives_an_image_and_no_reason(
        self, builder: ImageBuilder, good_order: Callable[[str], BuildOrder]
    ) -> None:
        status = self.end_of(builder, builder.start(good_order("iris-1-1")))
        assert status.state is BuildState.SUCCEEDED
        assert status.image
        assert status.reason == ""

    def test_a_build_that_fails_tells_the_reason_and_the_last_lines(
        self, builder: ImageBuilder, bad_order: Callable[[str], BuildOrder]
    ) -> None:
        build_id = builder.start(bad_order("iris-1-1"))
        status = self.end_of(builder, build_id)
        assert status.state is BuildState.FAILED
        assert status.image == ""
        assert "install the requirements" in status.reason
        assert 0 < len(status.log_tail) <= 20
        assert builder.log(build_id).splitlines()[-1] == status.log_tail[-1]

    def test_the_same_key_is_the_same_build(
        self, builder: ImageBuilder, bad_order: Callable[[str], BuildOrder]
    ) -> None:
        first = builder.start(bad_order("iris-1-1"))
        assert builder.start(bad_order("iris-1-1")) == first
        status = self.end_of(builder, first)
        assert builder.start(bad_order("iris-1-1")) == first
        assert builder.status(first) == status

    def test_another_key_is_another_build(
        self,
        builder: ImageBuilder,
        bad_order: Callable[[str], BuildOrder],
        good_order: Callable[[str], BuildOrder],
    ) -> None:
        # A retry is a new attempt, with its own key: it must not meet the old failure.
        bad, good = builder.start(bad_order("iris-1-1")), builder.start(good_order("iris-1-2"))
        assert bad != good
        assert self.end_of(builder, good).state is BuildState.SUCCEEDED
        assert self.end_of(builder, bad).state is BuildState.FAILED

    @pytest.mark.parametrize("build_id", ["never-started", "..", ""])
    def test_an_unknown_build_has_failed_and_has_no_log(
        self, builder: ImageBuilder, build_id: str
    ) -> None:
        status = builder.status(build_id)
        assert status.state is BuildState.FAILED
        assert repr(build_id) in status.reason
        assert builder.log(build_id) == ""
