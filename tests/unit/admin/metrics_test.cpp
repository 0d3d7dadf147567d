// The metrics text, read back by a parser of the format.
#include "admin/metrics.hpp"

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "scratch.hpp"

using namespace csiem::admin;

namespace {

using Labels = std::map<std::string, std::string>;

// The Prometheus text format 0.0.4, strictly. Every breach is a failed check.
struct Exposed {
  std::map<std::string, std::string> types, helps;
  std::map<std::string, std::map<Labels, double>> samples;

  explicit Exposed(const std::string& text) {
    REQUIRE(text.ends_with('\n'));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      line(text.substr(at, end - at));
      at = end + 1;
    }
  }

  double value(const std::string& name, const Labels& labels = {}) const {
    CAPTURE(name);
    REQUIRE(samples.count(name) == 1);
    REQUIRE(samples.at(name).count(labels) == 1);
    return samples.at(name).at(labels);
  }

 private:
  static bool is_name(const std::string& text) {
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
    for (const char c : text)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != ':') return false;
    return true;
  }

  void line(const std::string& text) {
    CAPTURE(text);
    if (text.starts_with("# ")) return comment(text);
    std::size_t at = text.find_first_of("{ ");
    REQUIRE(at != std::string::npos);
    const std::string name = text.substr(0, at);
    CHECK(is_name(name));
    // Samples stand in the block of their family.
    std::string family = name;
    if (types[current_] == "histogram")
      for (const char* suffix : {"_bucket", "_sum", "_count"})
        if (name == current_ + suffix) family = current_;
    CHECK(family == current_);
    Labels labels;
    if (text[at] == '{') at = read_labels(text, at + 1, labels);
    REQUIRE(text[at] == ' ');
    std::size_t used = 0;
    const double value = std::stod(text.substr(at + 1), &used);
    CHECK(at + 1 + used == text.size());
    CHECK(samples[name].emplace(labels, value).second);
  }

  void comment(const std::string& text) {
    const std::string kind = text.substr(2, 5), rest = text.substr(7);
    const std::size_t space = rest.find(' ');
    REQUIRE(space != std::string::npos);
    const std::string name = rest.substr(0, space), content = rest.substr(space + 1);
    if (kind == "HELP ") {
      CHECK(helps.emplace(name, content).second);  // one block per family
      CHECK(is_name(name));
    } else {
      REQUIRE(kind == "TYPE ");
      CHECK(helps.count(name) == 1);
      CHECK((content == "counter" || content == "gauge" || content == "histogram"));
      CHECK((content == "counter") == name.ends_with("_total"));
      types[name] = content;
      current_ = name;
    }
  }

  static std::size_t read_labels(const std::string& text, std::size_t at, Labels& labels) {
    while (text[at] != '}') {
      const std::size_t equals = text.find("=\"", at);
      REQUIRE(equals != std::string::npos);
      const std::string name = text.substr(at, equals - at);
      CHECK(is_name(name));
      std::string value;
      for (at = equals + 2; text[at] != '"'; ++at) {
        REQUIRE(at + 1 < text.size());
        if (text[at] != '\\') {
          value += text[at];
          continue;
        }
        ++at;
        REQUIRE(std::string("\\\"n").find(text[at]) != std::string::npos);
        value += text[at] == 'n' ? '\n' : text[at];
      }
      CHECK(labels.emplace(name, value).second);
      ++at;
      if (text[at] == ',') ++at;
    }
    return at + 1;
  }

  std::string current_;
};

Exposed exposed(const Snapshot& snapshot) {
  return Exposed(metrics_text(snapshot, {.resident_bytes = 4096, .open_fds = 7, .cpu_seconds = 0.25},
                              {{{"/metrics", 200}, 3}, {{"other", 404}, 1}}));
}

const std::string kPrefix = "clawdstrike_siem_";

}  // namespace

TEST_CASE("every family has HELP and TYPE, and its samples stand below them") {
  const Exposed metrics = exposed(csiem::test::sample_snapshot());
  CHECK(metrics.types.size() == metrics.helps.size());
  for (const auto& [name, type] : metrics.types) {
    CAPTURE(name);
    CHECK((name.starts_with(kPrefix) || name.starts_with("process_")));
    const std::string sample = type == "histogram" ? name + "_count" : name;
    CHECK(metrics.samples.count(sample) == 1);
  }
}

TEST_CASE("the figures are those of the snapshot") {
  const Exposed metrics = exposed(csiem::test::sample_snapshot());
  CHECK(metrics.value(kPrefix + "build_info", {{"version", "1.2.3"}, {"abi", "1.0"}}) == 1);
  CHECK(metrics.value("process_resident_memory_bytes") == 4096);
  CHECK(metrics.value("process_cpu_seconds_total") == 0.25);
  CHECK(metrics.value(kPrefix + "source_events_total", {{"source", "audit"}}) == 100);
  CHECK(metrics.value(kPrefix + "events_quarantined_total") == 3);
  CHECK(metrics.value(kPrefix + "exporter_events_total", {{"exporter", "splunk"}, {"result", "delivered"}}) == 97);
  CHECK(metrics.value(kPrefix + "exporter_events_total", {{"exporter", "splunk"}, {"result", "rejected"}}) == 1);
  CHECK(metrics.value(kPrefix + "events_filtered_total", {{"exporter", "splunk"}}) == 2);
  CHECK(metrics.value(kPrefix + "redactions_total", {{"rule", "email"}}) == 6);
  CHECK(metrics.value(kPrefix + "queue_events", {{"exporter", "elastic"}}) == 40);
  CHECK(metrics.value(kPrefix + "ledger_imbalance_events", {{"exporter", "elastic"}}) == 0);
  CHECK(metrics.value(kPrefix + "exporter_healthy", {{"exporter", "elastic"}}) == 0);
  const std::string checks = kPrefix + "exporter_health_checks_total";
  CHECK(metrics.value(checks, {{"exporter", "elastic"}, {"result", "passed"}}) == 3);
  CHECK(metrics.value(checks, {{"exporter", "elastic"}, {"result", "failed"}}) == 2);
  CHECK(metrics.value(kPrefix + "exporter_requests_total", {{"exporter", "splunk"}, {"code_class", "5xx"}}) == 1);
  CHECK(metrics.value(kPrefix + "admin_requests_total", {{"path", "/metrics"}, {"code", "200"}}) == 3);
  CHECK(metrics.value(kPrefix + "plugin_metric_total", {{"exporter", "splunk"}, {"metric", "acks"}}) == 4);
}

TEST_CASE("the store, the queues and the dead letters show their sizes and what they lost") {
  const Exposed metrics = exposed(csiem::test::sample_snapshot());
  CHECK(metrics.value(kPrefix + "store_healthy") == 1);
  CHECK(metrics.value(kPrefix + "store_groups_total") == 12);
  CHECK(metrics.value(kPrefix + "store_group_events_bucket", {{"le", "10"}}) == 11);
  CHECK(metrics.value(kPrefix + "store_group_events_count") == 12);
  CHECK(metrics.value(kPrefix + "store_group_events_sum") == 100);
  CHECK(metrics.value(kPrefix + "store_committed_seq") == 100);
  CHECK(metrics.value(kPrefix + "store_bytes") == 65'536);
  CHECK(metrics.value(kPrefix + "store_free_bytes") == 1 << 30);
  CHECK(metrics.value(kPrefix + "store_lost_events_total", {{"cause", "damaged_block"}}) == 7);
  CHECK(metrics.value(kPrefix + "quarantine_records") == 3);
  CHECK(metrics.value(kPrefix + "queue_bytes", {{"exporter", "elastic"}}) == 28'000);
  CHECK(metrics.value(kPrefix + "queue_oldest_event_age_seconds", {{"exporter", "elastic"}}) == 60);
  CHECK(metrics.value(kPrefix + "queue_oldest_event_age_seconds", {{"exporter", "splunk"}}) == 0);
  CHECK(metrics.value(kPrefix + "dlq_events", {{"exporter", "elastic"}}) == 2);
  CHECK(metrics.value(kPrefix + "dlq_bytes", {{"exporter", "elastic"}}) == 1'500);
  CHECK(metrics.value(kPrefix + "retry_budget_tokens", {{"exporter", "splunk"}}) == 9.5);
  CHECK(metrics.value(kPrefix + "exporter_shed_events_total", {{"exporter", "splunk"}, {"event_severity", "info"}}) ==
        5);
}

TEST_CASE("an event that nobody accounts for shows in the imbalance") {
  Snapshot snapshot = csiem::test::sample_snapshot();
  snapshot.exporters[0].delivered -= 5;
  snapshot.exporters[1].delivered += 5;
  const Exposed metrics = exposed(snapshot);
  CHECK(metrics.value(kPrefix + "ledger_imbalance_events", {{"exporter", "splunk"}}) == 5);
  CHECK(metrics.value(kPrefix + "ledger_imbalance_events", {{"exporter", "elastic"}}) == -5);
}

TEST_CASE("exactly one state is 1") {
  const Exposed metrics = exposed(csiem::test::sample_snapshot());
  double sum = 0;
  for (const auto& [labels, value] : metrics.samples.at(kPrefix + "exporter_state"))
    if (labels.at("exporter") == "elastic") sum += value;
  CHECK(sum == 1);
  CHECK(metrics.value(kPrefix + "exporter_state", {{"exporter", "elastic"}, {"state", "held_auth"}}) == 1);
}

TEST_CASE("buckets are cumulative and end with all of them") {
  const Exposed metrics = exposed(csiem::test::sample_snapshot());
  const std::string name = kPrefix + "exporter_request_duration_seconds";
  CHECK(metrics.value(name + "_bucket", {{"exporter", "splunk"}, {"le", "0.1"}}) == 8);
  CHECK(metrics.value(name + "_bucket", {{"exporter", "splunk"}, {"le", "1"}}) == 9);
  CHECK(metrics.value(name + "_bucket", {{"exporter", "splunk"}, {"le", "+Inf"}}) == 10);
  CHECK(metrics.value(name + "_count", {{"exporter", "splunk"}}) == 10);
  CHECK(metrics.value(name + "_sum", {{"exporter", "splunk"}}) == 12.5);
}

TEST_CASE("label values survive quotes, backslashes and line breaks") {
  Snapshot snapshot = csiem::test::sample_snapshot();
  const std::string hostile = "a\"b\\c\nd{e=\"f\"} 1";
  snapshot.exporters[0].plugin_metrics[0].name = hostile;
  snapshot.sources[0].id = hostile;
  const Exposed metrics = exposed(snapshot);
  CHECK(metrics.value(kPrefix + "source_events_total", {{"source", hostile}}) == 100);
  CHECK(metrics.value(kPrefix + "plugin_metric_total", {{"exporter", "splunk"}, {"metric", hostile}}) == 4);
}
