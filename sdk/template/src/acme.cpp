// Acme: newline-delimited JSON to one HTTP endpoint, several events per request, an answer per event.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>

namespace {

class Acme final : public csiem::HttpExporter {
 public:
  // Runs once per destination. Throw std::invalid_argument for settings that the schema below cannot refuse; the
  // operator reads the text. `config` is gone afterwards: copy what you need.
  explicit Acme(const csiem::Config& config)
      : endpoint_(config.text("endpoint")),
        dataset_(config.text("dataset", "agents")),
        token_(config.secret("token")),
        headers_(config.members("headers")) {
    if (dataset_.find('/') != std::string::npos) throw std::invalid_argument("dataset: must not contain a slash");
  }

  // One request for the whole batch. `bodies` are the events in the operator's format; they live until the batch is
  // answered, so they are added without a copy.
  void build(const csiem_batch& batch, csiem::Request& out) override {
    out.url = endpoint_;
    out.flags = CSIEM_HTTP_GZIP;
    out.header("Content-Type", "application/x-ndjson");
    // The plugin never sees the token: the host appends it to "Bearer " on the wire.
    if (!token_.empty()) out.header("Authorization", "Bearer ", token_);
    out.header("X-Dataset", dataset_);
    // The same on every attempt, so that the server can recognise a repetition.
    out.header("Idempotency-Key", csiem::view(batch.idempotency_key));
    for (const auto& [name, value] : headers_) out.header(name, value);
    for (uint32_t i = 0; i < batch.count; ++i) {
      // A line of our own before each event, written straight into the request.
      out.write([&](csiem::Out& text) {
        csiem::Json json(text);
        json.open();
        json.text("id", batch.events[i]->event_id);
        json.text("severity", batch.events[i]->severity_name);
        json.close();
        text.byte('\n');
      });
      out.add(batch.bodies[i]);
      out.add("\n");
    }
  }

  // What an answer means. HttpExporter knows the usual status codes: 2xx delivered, 429 and 5xx again later (after
  // Retry-After), 401 a bad credential, 404 a bad setting, 413 a batch that is too large, other 4xx never.
  csiem::Verdict classify(const csiem_batch& batch, const csiem_http_response& response) override {
    if (response.status != 207) return HttpExporter::classify(batch, response);
    // Acme answers 207 with one character per event: '+' stored, '?' busy, '-' refused. Name only what differs from the
    // verdict of the batch.
    csiem::Verdict verdict;
    const std::string_view marks = csiem::view(response.body);
    if (marks.size() != batch.count) return csiem::Verdict::of(CSIEM_RETRY, "acme.answer", "not one mark per event");
    for (uint32_t i = 0; i < batch.count; ++i) {
      if (marks[i] == '-') verdict.event(i, CSIEM_REJECT, response.status, "acme.refused");
      if (marks[i] == '?') verdict.event(i, CSIEM_RETRY, response.status, "acme.busy");
    }
    host().count("partial_answers");
    return verdict;
  }

  // Optional: how to find out whether events would be accepted.
  void build_probe(csiem::Request& out) override {
    out.method = "GET";
    out.url = endpoint_;
    if (!token_.empty()) out.header("Authorization", "Bearer ", token_);
  }

 private:
  std::string endpoint_, dataset_, token_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace

CSIEM_EXPORTER(Acme, "com.example.acme", "acme", "0.1.0",
               csiem::About()
                   .vendor("Example, Inc.")
                   .license("Apache-2.0")
                   .description("Acme Log Cloud, newline-delimited JSON")
                   .default_format("native")
                   .accepts("*")
                   .flags(CSIEM_EXPORTER_PARTIAL)
                   .limits(1000, 5u << 20, 256u << 10),
               R"({
  "type": "object",
  "required": ["endpoint"],
  "additionalProperties": false,
  "x-csiem-defaults": {"batch_size": 500, "flush_interval_ms": 500},
  "properties": {
    "endpoint": {"type": "string", "format": "uri", "x-csiem-origin": true,
                 "description": "Where events are posted, https://ingest.acme.example/v1/events"},
    "token": {"type": "string", "x-csiem-secret": true, "description": "API token"},
    "dataset": {"type": "string", "default": "agents", "description": "Dataset that events go to"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"},
                "description": "Further headers, name = value"}
  }
})");
