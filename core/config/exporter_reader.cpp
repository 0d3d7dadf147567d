// The keys that every exporter takes.
#include "config/exporter_reader.hpp"

#include "base/rfc3339.hpp"
#include "config/reference.hpp"
#include "config/url.hpp"

namespace csiem::config {

Exporter ExporterReader::read() {
  Exporter out;
  out.id = id_;
  out.origin = node_.value;
  const Reader own({&node_}, keys_);
  out.type = own.text("type");
  if (out.type.empty()) out.type = id_;
  out.enabled = own.flag("enabled");
  settings_.value = node_.value;
  settings_.key = node_.key;
  if (out.enabled) ask_catalog(out);
  check_keys();

  std::vector<const Node*> tables = {&node_, defaults_};
  if (schema_) {
    context_.daemon_defaults[id_] = schema_->daemon_defaults(settings_);
    tables.push_back(&context_.daemon_defaults[id_]);
  }
  const Reader read(std::move(tables), keys_);
  read_generic(read, out);
  read_filter(read, out.filter);
  if (!out.enabled) return out;
  out.output = read_output(context_, {&node_, defaults_, &context_.root});
  check_generic(read, out);
  check_format(read);
  allow_unconfined_ = read.flag("allow_unconfined");
  out.fallback = destination(out, settings_, nullptr, "");
  read_routes(out, out.routes);
  read_key_passphrase(read, out);
  if (!context_.request.check_files) return out;
  check_tls_files(read);
  check_written(out.fallback);
  for (const auto& route : out.routes) check_written(route);
  return out;
}

void ExporterReader::read_generic(const Reader& read, Exporter& out) {
  out.required = read.flag("required");
  out.ordered = read.flag("ordered");
  out.format = read.text("format");
  out.batch_size = static_cast<uint64_t>(read.number("batch_size"));
  out.batch_max_bytes = read.size("batch_max_bytes");
  out.flush_interval_ms = read.number("flush_interval_ms");
  out.flush_on_severity = static_cast<int32_t>(read.number("flush_on_severity"));
  out.concurrency = static_cast<uint32_t>(read.number("concurrency"));
  out.timeout_ms = read.number("timeout");
  out.health_interval_ms = read.number("health_interval");
  out.compression_level = static_cast<int>(read.number("compression_level"));
  out.proxy = read.text("proxy");
  out.retry = {read.number("retry.max_retries"),    read.number("retry.initial_backoff_ms"),
               read.number("retry.max_backoff_ms"), read.real("retry.backoff_multiplier"),
               read.text("retry.jitter"),           read.number("retry.max_elapsed")};
  out.rate_limit = {read.real("rate_limit.requests_per_second"), read.real("rate_limit.burst_size"),
                    static_cast<double>(read.size("rate_limit.bytes_per_second"))};
  out.breaker = {read.number("circuit_breaker.failure_threshold"), read.number("circuit_breaker.open_for")};
  out.priority_severity = static_cast<int32_t>(read.number("priority_severity"));
  read_start(read, out);
  out.queue = {read.size("queue.max_bytes"), read.number("queue.max_age"), read.text("queue.when_full"), {}};
  if (const Node* when_full = read.node("queue.when_full")) out.queue.when_full_origin = when_full->value;
  out.announce_gaps = read.flag("announce_gaps");
  out.dlq = {read.flag("dlq.enabled"), read.size("dlq.max_bytes"), read.number("dlq.max_age")};
  out.tls = {read.flag("tls.verify"), read.text("tls.ca_file"), read.text("tls.cert_file"), read.text("tls.key_file"),
             read.text("tls.min_version")};
}

void ExporterReader::read_key_passphrase(const Reader& read, Exporter& out) {
  const Node* node = read.node(kKeyPassphrase);
  const std::string text = read.text(std::string(kKeyPassphrase));
  if (node == nullptr || text.empty()) return;
  if (schema_ && schema_->opens_connections()) {
    findings_
        .error(1026, node->value,
               "'tls.key_passphrase' " + where_ + " is not for exporters that open their connections themselves")
        .hint = "write the private key without a passphrase, mode 0600";
    return;
  }
  const bool reference = is_reference(text);
  const SecretBinding binding{std::string(kKeyPassphrase), reference ? text : "", reference ? "" : text, node->value};
  out.fallback.secrets.push_back(binding);
  for (auto& route : out.routes) route.secrets.push_back(binding);
}

void ExporterReader::read_start(const Reader& read, Exporter& out) {
  out.start = read.text("start");
  if (out.start == "now" || out.start == "oldest") return;
  if (const auto time = parse_rfc3339(out.start)) {
    out.start_unix_ns = time->unix_ns;
    return;
  }
  if (const Node* node = read.node("start"))
    context_.findings.error(1024, node->value,
                            "'start' " + where_ + " is neither now, oldest nor a time like 2026-03-02T08:00:00Z");
}

void ExporterReader::read_filter(const Reader& read, process::FilterSettings& out) {
  out.min_severity = static_cast<int32_t>(read.number("filter.min_severity"));
  out.include_types = read.texts("filter.include_types");
  out.exclude_types = read.texts("filter.exclude_types");
  out.include_guards = read.texts("filter.include_guards");
  out.exclude_guards = read.texts("filter.exclude_guards");
  out.include_tenants = read.texts("filter.include_tenants");
  out.exclude_tenants = read.texts("filter.exclude_tenants");
  out.when = read_expression(context_, read.node("filter.when"), "filter.when", where_);
}

void ExporterReader::check_generic(const Reader& read, const Exporter& exporter) {
  const Node* verify = read.node("tls.verify");
  if (verify != nullptr && !exporter.tls.verify)
    findings_.warning(1107, verify->value, "tls.verify = false: the server's certificate is not checked").hint =
        "set tls.ca_file to the CA that signed it";
  const Node* cert = read.node("tls.cert_file");
  const Node* key = read.node("tls.key_file");
  if (exporter.tls.cert_file.empty() != exporter.tls.key_file.empty()) {
    const bool no_key = exporter.tls.key_file.empty();
    findings_.error(1026, (no_key ? cert : key)->value,
                    no_key ? "'tls.cert_file' " + where_ + " needs 'tls.key_file'"
                           : "'tls.key_file' " + where_ + " needs 'tls.cert_file'");
  }
  if (exporter.retry.initial_backoff_ms > exporter.retry.max_backoff_ms) {
    const Node* initial = read.node("retry.initial_backoff_ms");
    const Node* most = read.node("retry.max_backoff_ms");
    const Node* at = initial != nullptr && initial->value.line != 0 ? initial : most;
    auto& finding = findings_.error(1026, at == nullptr ? node_.value : at->value,
                                    "'retry.initial_backoff_ms' " + where_ + " is larger than 'retry.max_backoff_ms'");
    const Node* other = at == initial ? most : initial;
    if (other != nullptr) finding.notes.push_back("the other one is set at " + other->value.text());
  }
  std::string problem;
  if (!exporter.proxy.empty() && !parse_origin(exporter.proxy, &problem))
    findings_.error(1024, read.node("proxy")->value, "'proxy' " + where_ + " is not a usable URL: " + problem);
}

}  // namespace csiem::config
