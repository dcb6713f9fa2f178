"""Choose: the form that a call is in, by its path and content type."""

from collections.abc import Callable, Sequence

from scorer_container.decode import RowsDecoder
from scorer_container.protocols.form import ARROW, Form
from scorer_container.protocols.native import CsvForm, NativeForm

Header = Callable[[str], str]


def form_of(
    path: str, header: Header, decoder: RowsDecoder, version: int, outputs: Sequence[str]
) -> Form:
    """The form of a POST that scores.

    header: a header's text by its name, empty where absent. outputs: names of what the model gives.
    """
    kind = header("Content-Type").partition(";")[0].strip().lower()
    if path.endswith("/infer"):
        from scorer_container.protocols.v2 import LENGTH_HEADER, V2Form

        return V2Form(decoder, header(LENGTH_HEADER), path, version, outputs)
    if kind == ARROW:
        from scorer_container.protocols.arrow import ArrowForm

        return ArrowForm(decoder, header("Accept"))
    native = CsvForm(decoder) if kind == "text/csv" else NativeForm(decoder)
    if path == "/invocations":
        from scorer_container.protocols.mlflow import MlflowForm

        return MlflowForm(native)
    return native


def scores(path: str, service: str) -> bool:
    """Whether a POST to this path scores rows of the service.

    >>> scores("/score", "iris"), scores("/v2/models/iris/infer", "iris"), scores("/v2", "iris")
    (True, True, False)
    """
    if path in ("/score", "/invocations"):
        return True
    parts = path.split("/")
    # /v2/models/NAME/infer, or with /versions/N between.
    return (
        parts[:4] == ["", "v2", "models", service] and parts[-1] == "infer" and len(parts) in (5, 7)
    )
