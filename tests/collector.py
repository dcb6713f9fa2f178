"""A collector on this machine: takes spans as OpenTelemetry and Application Insights send them."""

import gzip
import http.server
import json
import threading
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

OTLP, TRACK = "/v1/traces", "/v2.1/track"


class Collector:
    """Keeps every span that it is sent. spans: from OTLP; items: from Azure's exporter."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                known = {
                    (OTLP, "application/x-protobuf"): collector.take_otlp,
                    (TRACK, "application/json"): collector.take_items,
                }
                take = known.get((self.path, self.headers["Content-Type"]))
                answer = take(body) if take else b""
                self.send_response(200 if take else 404)
                self.send_header("Content-Type", self.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Tests say what matters themselves."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take_otlp(self, body: bytes) -> bytes:
        """Read the spans of OTLP's protobuf."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            role = _plain(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        {
                            "role": role,
                            "name": span.name,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "kind": span.kind,
                            "status": span.status.code,
                            "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                            **_plain(span.attributes),
                        }
                    )
        return ExportTraceServiceResponse().SerializeToString()

    def take_items(self, body: bytes) -> bytes:
        """Read the items of Application Insights' JSON."""
        items = json.loads(body)
        self.items += items
        count = len(items)
        return json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()

    def close(self) -> None:
        """End."""
        self.server.shutdown()
        self.server.server_close()


def _plain(attributes: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}
