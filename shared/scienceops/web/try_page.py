"""Try page: one row by hand, its prediction, and the same call to copy."""

import json
from typing import Any

from flask import Blueprint, render_template, request, url_for

from scienceops.app import App
from scienceops.core.access import Caller
from scienceops.core.pasted_row import read_pasted, row_of_texts
from scienceops.core.schema import Schema
from scienceops.errors import ScienceOpsError
from scienceops.web.acting import WhoMay
from scienceops.web.copied_code import as_curl, as_python


def add_try_page(routes: Blueprint, app: App, who_may: WhoMay) -> None:
    """The route /services/NAME/try; scoring a row needs an operator."""

    @routes.route("/services/<name>/try", methods=["GET", "POST"])
    def try_it(name: str) -> tuple[str, int]:
        schema = app.schema(name)
        texts = _shown(name, schema, app)
        answer, wrong, status = None, "", 200
        if request.method == "POST":
            try:
                if request.form.get("do") == "paste":
                    texts = read_pasted(request.form.get("pasted", ""), schema)
                else:
                    answer = _score(name, row_of_texts(texts, schema), who_may("operator"), app)
            except ScienceOpsError as error:
                wrong, status = str(error), error.http_status
        url = url_for("gateway.score", name=name, _external=True)
        row = row_of_texts(texts, schema)
        page = render_template(
            "try.html",
            name=name,
            service=app.service(name),
            columns=schema.columns,
            texts=texts,
            answer=answer,
            wrong=wrong,
            pasted=request.form.get("pasted", "") if wrong else "",
            curl=as_curl(url, row),
            python=as_python(url, row),
        )
        return page, status


def _shown(name: str, schema: Schema, app: App) -> dict[str, str]:
    """What the fields hold: what was sent, else the first row of the sample."""
    if request.method == "POST":
        fields = enumerate(schema.columns)
        return {column.name: request.form.get(f"field-{n}", "") for n, column in fields}
    rows = app.sample(name).get("rows") or [{}]
    return {
        column: value if isinstance(value, str) else json.dumps(value)
        for column, value in rows[0].items()
        if value is not None
    }


def _score(name: str, row: dict[str, Any], caller: Caller, app: App) -> dict[str, Any]:
    reply = app.score(name, json.dumps({"input_df": [row]}).encode(), caller)
    body = json.loads(reply.content)
    if reply.status != 200:
        error = ScienceOpsError(body.get("detail", "the scorer gave no reason"))
        error.http_status = reply.status
        raise error
    shares = (body.get("probabilities") or [{}])[0]
    return {
        # A score.py of its own may answer with one text for all rows.
        "prediction": told if isinstance(told := body["predictions"], str) else told[0],
        "probabilities": sorted(shares.items(), key=lambda share: -share[1]),
        "request_id": body["request_id"],
        "version": reply.headers.get("x-scienceops-version", ""),
    }
