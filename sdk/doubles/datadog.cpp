// Datadog: logs intake v2, series v2, key validation. What the intake would take and lose without a word is a broken
// rule here.
//
// Rules: Datadog's API reference of logs and metrics; messages as its answers word them.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "json_read.hpp"
#include "platform.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPayload = 5'000'000, kMaxLog = 1'000'000, kMaxEntries = 1000;
constexpr std::size_t kMaxTags = 100, kMaxTag = 200;
constexpr std::size_t kMaxSeriesWire = 512'000, kMaxSeries = 5'242'880;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Answer intake_error(int status, std::string_view title, std::string_view detail) {
  json::object error{{"status", std::to_string(status)}, {"title", title}};
  if (!detail.empty()) error["detail"] = detail;
  return {status, json::serialize(json::object{{"errors", json::array{std::move(error)}}}), "application/json", {}};
}

Answer api_error(int status, std::string_view text) {
  return {status, json::serialize(json::object{{"errors", json::array{json::value(text)}}}), "application/json", {}};
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// What the intake would change about a tag.
std::string wrong_tag(std::string_view tag) {
  if (tag.empty()) return "an empty tag";
  if (!is_lower(tag.front())) return "tag " + std::string(tag) + " does not begin with a letter";
  if (tag.size() > kMaxTag) return "a tag of " + std::to_string(tag.size()) + " bytes";
  if (tag.back() == ':') return "tag " + std::string(tag) + " has no value";
  const bool clean = std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || std::string_view("_-:./").find(c) != std::string_view::npos;
  });
  return clean ? std::string() : "tag " + std::string(tag) + " has characters that are replaced";
}

class Datadog final : public Platform {
 public:
  Datadog(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)), recorder_(recorder), faults_(faults) {}

  Answer handle(const Call& call) override {
    for (const char* name : {"dd-api-key", "api_key"})
      if (call.query.count(name) != 0) recorder_.violation("the API key is in the query");
    if (call.path == "/api/v1/validate" && call.method == "GET") {
      if (auto refused = authorise(call, true)) return *refused;
      return {200, R"({"valid":true})", "application/json", {}};
    }
    if (call.path == "/api/v2/series" && call.method == "POST") {
      if (auto refused = authorise(call, true)) return *refused;
      return series(call);
    }
    if (call.path != "/api/v2/logs" || call.method != "POST") {
      recorder_.violation(call.method + " " + call.path);
      return intake_error(400, "Bad Request", "HTTP path is invalid");
    }
    if (auto refused = authorise(call, false)) return *refused;
    return logs(call);
  }

  Answer failure(int status) override {
    switch (status) {
      case 400:
        return intake_error(400, "Bad Request", "refused on request");
      case 401:
        return intake_error(401, "Unauthorized", "API key is missing");
      case 403:
        return intake_error(403, "Forbidden", "API key is invalid");
      case 408:
        return intake_error(408, "Request Timeout", {});
      case 413:
        return intake_error(413, "Request Entity Too Large", {});
      case 429:
        return intake_error(429, "Too Many Requests", {});
      default:
        return {status, "<html><body>upstream error</body></html>", "text/html", {}};
    }
  }

 private:
  std::optional<Answer> authorise(const Call& call, bool api) {
    const auto key = call.header("dd-api-key");
    if (key.empty()) return api ? api_error(403, "Forbidden") : failure(401);
    if (options_.token.empty() || key == options_.token) return std::nullopt;
    return api ? api_error(403, "Forbidden") : failure(403);
  }

  Answer bad(int status, const std::string& what) {
    recorder_.violation(what);
    return intake_error(status, status == 413 ? "Request Entity Too Large" : "Bad Request", what);
  }

  // ---- logs ----

  Answer logs(const Call& call) {
    auto type = call.header("content-type");
    type = type.substr(0, type.find(';'));
    if (type != "application/json") return bad(415, "content type " + std::string(type));
    if (call.bad_encoding) return intake_error(415, "Unsupported Media Type", {});
    if (!call.header("dd-protocol").empty()) recorder_.violation("DD-PROTOCOL changes how logs are read");
    if (options_.require_gzip && call.header("content-encoding") != "gzip") recorder_.violation("body is not gzip");
    if (call.body.size() > kMaxPayload) return bad(413, "a payload of " + std::to_string(call.body.size()) + " bytes");
    const auto value = parse_one(call.body);
    if (!value) return bad(400, "body is not JSON");
    if (const auto* one = value->if_object()) {
      if (one->empty()) return {202, "{}", "application/json", {}};  // how agents look whether the intake answers
      return take(call, json::array{*value});
    }
    const auto* array = value->if_array();
    if (array == nullptr) return bad(400, "body is neither an array nor an object");
    if (array->size() > kMaxEntries) return bad(400, std::to_string(array->size()) + " logs in one request");
    return take(call, *array);
  }

  Answer take(const Call& call, const json::array& entries) {
    std::vector<std::string> texts;
    texts.reserve(entries.size());
    for (const auto& entry : entries) {
      if (!entry.is_object()) return bad(400, "a log is not an object");
      texts.push_back(json::serialize(entry));
    }
    // The intake takes a request or it does not.
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const bool poison = !options_.poison.empty() && texts[i].find(options_.poison) != std::string::npos;
      const int status = poison ? 400 : faults_.strike_item(call.number);
      if (status == 0) continue;
      if (entries.size() == 1) recorder_.refused(event_id_of(texts[i]), status);
      return failure(status);
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
      check(entries[i].get_object(), texts[i].size());
      recorder_.event(event_id_of(texts[i]), text_at(entries[i], "service"), texts[i], false);
    }
    return {202, "{}", "application/json", {}};
  }

  // Everything that is answered with 202 and yet not kept as it was meant.
  void check(const json::object& log, std::size_t bytes) {
    if (bytes > kMaxLog) recorder_.violation("a log of " + std::to_string(bytes) + " bytes is truncated");
    for (const char* name : {"message", "ddsource", "service", "hostname", "status", "ddtags"}) {
      const json::value* member = log.if_contains(name);
      if (member != nullptr && !member->is_string()) recorder_.violation(std::string(name) + " is not a string");
    }
    const json::value whole(log);
    if (text_at(whole, "message").empty()) recorder_.violation("a log without message");
    if (log.if_contains("hostname") != nullptr && text_at(whole, "hostname").empty())
      recorder_.violation("an empty hostname");
    static const std::set<std::string> kStatus{"emergency", "alert", "critical", "error", "warning",
                                               "notice",    "info",  "debug",    "ok"};
    if (kStatus.count(text_at(whole, "status")) == 0)
      recorder_.violation("status " + text_at(whole, "status") + " becomes info");
    check_time(log);
    check_tags(text_at(whole, "ddtags"));
  }

  void check_time(const json::object& log) {
    const json::value* time = log.if_contains("timestamp");
    if (time == nullptr || !time->is_int64()) return recorder_.violation("timestamp is not a whole number");
    const int64_t age_ms = now_ms() - time->get_int64();
    constexpr int64_t kHour = 3'600'000;
    if (age_ms > 18 * kHour || age_ms < -2 * kHour) recorder_.violation("a log of another time is not indexed");
  }

  void check_tags(std::string_view tags) {
    std::size_t count = 0;
    while (!tags.empty()) {
      const auto tag = tags.substr(0, tags.find(','));
      if (const std::string wrong = wrong_tag(tag); !wrong.empty()) recorder_.violation(wrong);
      ++count;
      tags.remove_prefix(std::min(tags.size(), tag.size() + 1));
    }
    if (count > kMaxTags) recorder_.violation(std::to_string(count) + " tags");
  }

  // ---- metrics ----

  Answer bad_series(const std::string& what, int status = 400) {
    recorder_.violation("series: " + what);
    return api_error(status, status == 413 ? "Payload too big" : what);
  }

  Answer series(const Call& call) {
    if (call.header("content-type").substr(0, 16) != "application/json") return bad_series("content type");
    if (call.bad_encoding) return api_error(400, "unknown content encoding");
    if (call.wire_bytes > kMaxSeriesWire || call.body.size() > kMaxSeries) return bad_series("too large", 413);
    const auto value = parse_one(call.body);
    const auto* object = value ? value->if_object() : nullptr;
    const auto* list = object != nullptr && object->contains("series") ? object->at("series").if_array() : nullptr;
    if (list == nullptr || list->empty()) return bad_series("no series");
    for (const auto& one : *list)
      if (const std::string wrong = wrong_series(one); !wrong.empty()) return bad_series(wrong);
    for (const auto& one : *list) note_series(one.get_object());
    return {202, R"({"errors":[]})", "application/json", {}};
  }

  static std::string wrong_series(const json::value& one) {
    const auto* object = one.if_object();
    if (object == nullptr) return "not an object";
    const std::string name = text_at(one, "metric");
    const auto letter = [](char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); };
    if (name.empty() || name.size() > 200 || !letter(name.front()) ||
        !std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.'; }))
      return "metric name " + name;
    const json::value* type = object->if_contains("type");
    if (type == nullptr || !type->is_int64() || type->get_int64() < 0 || type->get_int64() > 3) return name + ": type";
    const json::value* interval = object->if_contains("interval");
    if (type->get_int64() == 1 && (interval == nullptr || !interval->is_int64() || interval->get_int64() < 1))
      return name + ": a count needs an interval";
    const auto* points = object->contains("points") ? object->at("points").if_array() : nullptr;
    if (points == nullptr || points->empty()) return name + ": no points";
    for (const auto& point : *points) {
      const auto* pair = point.if_object();
      const json::value* time = pair == nullptr ? nullptr : pair->if_contains("timestamp");
      if (time == nullptr || !time->is_int64()) return name + ": timestamp";
      const int64_t age_s = now_ms() / 1000 - time->get_int64();
      if (age_s > 3600 || age_s < -600) return name + ": a point of another time is dropped";
      const json::value* number = pair->if_contains("value");
      if (number == nullptr || !number->is_number()) return name + ": value";
    }
    if (const auto* tags = object->contains("tags") ? object->at("tags").if_array() : nullptr)
      for (const auto& tag : *tags) {
        if (!tag.is_string()) return name + ": a tag is not a string";
        if (const std::string wrong = wrong_tag(std::string_view(tag.get_string())); !wrong.empty())
          return name + ": " + wrong;
      }
    return {};
  }

  void note_series(const json::object& one) {
    const auto part = [&](const char* key) {
      const json::value* value = one.if_contains(key);
      return value == nullptr ? std::string() : json::serialize(*value);
    };
    const std::string name = part("metric") + part("tags") + part("resources");
    for (const auto& point : one.at("points").get_array()) {
      const int64_t time = point.at("timestamp").get_int64();
      if (!points_.insert(name + std::to_string(time)).second)
        recorder_.violation("series: a second point replaces that of " + name + " at " + std::to_string(time));
      recorder_.note("metric",
                     json::serialize(json::object{{"name", one.at("metric")},
                                                  {"tags", one.contains("tags") ? one.at("tags") : json::array()},
                                                  {"value", point.at("value")},
                                                  {"timestamp", time}}));
    }
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  std::set<std::string> points_;  // series and second of every point
};

}  // namespace

std::unique_ptr<Platform> make_datadog(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<Datadog>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
