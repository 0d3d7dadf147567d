#include "cli/send_test_document.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "base/messages.hpp"
#include "event/vocabulary.hpp"

namespace csiem::cli {
namespace {

namespace json = boost::json;

constexpr int64_t kLongestWaitMs = 600'000;

}  // namespace

std::string send_test_document(const pipeline::SendTestReport& report) {
  json::object result;
  result["exporter"] = report.exporter;
  result["type"] = report.type;
  result["format"] = report.format;
  result["route"] = report.route;
  result["event_id"] = report.event_id;
  result["ok"] = report.delivered;
  result["code"] = report.code == 0 ? std::string() : messages::code_text(report.code);
  result["text"] = report.words;
  result["http_status"] = report.http_status;
  result["vendor_code"] = report.vendor_code;
  result["vendor_text"] = report.vendor_text;
  result["answered_ms"] = report.answered_ms;
  result["confirmed_ms"] = report.confirmed_ms;
  result["attempts"] = report.attempts;
  result["setting"] = report.setting;
  result["value"] = report.value;
  result["origin"] = report.origin;
  result["next"] = report.next;
  result["lookup"] = report.lookup;
  json::object document;
  document["schema"] = "clawdstrike-siem/send-test/v1";
  document["results"] = json::array{std::move(result)};
  return json::serialize(document) + "\n";
}

Result<pipeline::SendTestOrder> send_test_order(const std::string& exporter, const admin::Parameters& parameters) {
  pipeline::SendTestOrder order;
  order.exporter = exporter;
  for (const auto& [name, text] : parameters) {
    if (name == "severity") {
      const auto severity = event::severity(text);
      if (!severity) return Error{Code::invalid, "severity: info, low, medium, high or critical, not '" + text + "'"};
      order.severity = static_cast<int32_t>(*severity);
    } else if (name == "wait_ms") {
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), order.wait_ms);
      if (failed != std::errc() || end != text.data() + text.size() || order.wait_ms < 1 ||
          order.wait_ms > kLongestWaitMs)
        return Error{Code::invalid, "wait_ms: 1 to " + std::to_string(kLongestWaitMs) + ", not '" + text + "'"};
    } else {
      return Error{Code::invalid, "send-test takes severity and wait_ms, not '" + name + "'"};
    }
  }
  return order;
}

}  // namespace csiem::cli
