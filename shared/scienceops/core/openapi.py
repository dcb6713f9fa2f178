"""OpenAPI: the description of one service's scoring call, from its schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from scienceops.core.schema import Schema

_ARROW = "application/vnd.apache.arrow.stream"


def openapi(
    name: str,
    version: int,
    schema: Schema,
    sample: Mapping[str, Any] | None,
    task: str,
    path: str = "",
) -> dict[str, Any]:
    """An OpenAPI 3.1 document.

    sample: gives the example row, if it has one; None for a stranger, who gets columns and their
    types, and nothing that was seen in data. path: of the call, if not the gateway's.
    """
    row = (schema.without_training() if sample is None else schema).to_json_schema()
    row.pop("$schema")
    rows: Sequence[Any] = (sample or {}).get("rows", [])
    example = {"example": {"input_df": list(rows[:1])}} if rows else {}
    prediction = {"type": "number"} if task == "regression" else {}
    problem = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name}, version {version}", "version": str(version)},
        "paths": {
            path or f"/api/v1/service/{name}/score": {
                "post": {
                    "operationId": "score",
                    "summary": f"Score rows with {name}",
                    "security": [{"key": []}],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "input_df": {"type": "array", "minItems": 1, "items": row}
                                    },
                                    "required": ["input_df"],
                                    "additionalProperties": False,
                                },
                                **example,
                            },
                            "text/csv": {"schema": {"type": "string"}},
                            _ARROW: {"schema": {"type": "string", "format": "binary"}},
                        },
                    },
                    "responses": {
                        "200": {
                            "description": "One prediction per row, captured before this reply.",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {
                                            "request_id": {"type": "string", "format": "uuid"},
                                            "model": {"const": name},
                                            "version": {"type": "integer"},
                                            "predictions": {
                                                "type": ["array", "string"],
                                                "items": prediction,
                                            },
                                            "probabilities": {
                                                "type": "array",
                                                "items": {
                                                    "type": "object",
                                                    "additionalProperties": {"type": "number"},
                                                },
                                            },
                                        },
                                        "required": [
                                            "request_id",
                                            "model",
                                            "version",
                                            "predictions",
                                        ],
                                    }
                                },
                                _ARROW: {"schema": {"type": "string", "format": "binary"}},
                            },
                        },
                        "400": {"description": "The body is not the JSON asked for.", **problem},
                        "401": {"description": "No key, or a wrong one.", **problem},
                        "413": {"description": "The body is over the limit.", **problem},
                        "422": {
                            "description": "Rows break the schema; each fault is named.",
                            **problem,
                        },
                        "503": {"description": "Not now: see Retry-After.", **problem},
                    },
                }
            }
        },
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }
